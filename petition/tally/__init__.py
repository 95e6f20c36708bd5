"""Tally: confirmed signatures by country, the published figures, and the audit that counts all again.

Offers: tally, history, freeze, rounding, audit. May import: core.
"""
