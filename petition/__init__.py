"""Petition: people sign a collective ultimatum and make their governments answer it.

A visit read from the top: `commands` starts `web`, which uses `site` (the wiring), `letters` and `retention`,
`signing` and `organisers`, `mail`, `protection`, `tally` and `campaign`; all of them use `core`. Imports go down only.
Each folder's `__init__` says what it offers and what it may import. A noun has one stem: signing/signatures.py,
sql/queries/signing/signatures.sql, tests/signing/test_signatures.py.
"""

__version__ = "0.1.0"
