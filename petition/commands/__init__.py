"""Commands: the verbs of the command line; each calls the folder that does the work.

Offers: `operations`, `mail`, `organisers`, `letters`, `retention` (each registers its verbs); `verbs` (what all of them
need); `server`, `doctor`, `preflight`, `demo_data`, `example`. May import: everything below.
"""
