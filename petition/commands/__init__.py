"""Commands: the verbs of the command line; each calls the folder that does the work.

Offers: `operations`, `mail`, `organisers`, `letters`, `retention`, `keys`, `moving` (each registers its
verbs); `verbs` (what all of them need); `server`, `doctor`, `setup` and `news` (folders), `preflight`,
`unused_database`, `upgrade`, `demo_data`, `example`.
May import: everything below.
"""
