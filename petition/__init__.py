"""Petition: people sign a collective ultimatum and make their governments answer it.

From top to bottom: `commands` starts `web`. `web` uses `site` (which connects all parts), `letters`, `retention`,
`signing`, `organisers`, `mail`, `protection`, `tally` and `campaign`. All of them use `core`. Imports go down only.
The `__init__` of each folder says what it offers and what it may import. One thing has the same file name everywhere:
signing/quarantine.py, sql/queries/signing/quarantine.sql, tests/signing/test_quarantine.py.
"""

__version__ = "0.1.0"
