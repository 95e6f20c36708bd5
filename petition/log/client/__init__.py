"""What a stranger runs: it needs no database and no setting, only the address of a site, or a folder with a copy of it.

Offers: sources, policies, copies, verify (with rules, files, site_now, documents), proving, witness, feed, stamp.
May import: the pure modules of the log, core, letters.
"""
