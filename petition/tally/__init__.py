"""Tally: confirmed signatures by country, the published figures, and the audit that counts all again.

Offers: tally, history, rounding, removals, audit. May import: core.
"""
