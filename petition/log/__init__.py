"""The public log: what was published, in an append-only tree that strangers can check (c2sp.org, RFC 6962).

Offers: tree, tiles, notes, proofs, entries (pure: no file, no network, no database), client (what a stranger runs).
May import: the pure modules only errors of core and `cryptography`; client also core and letters; the rest web and all
below. Nobody imports the log: the site works without this folder.
"""
