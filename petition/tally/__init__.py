"""Tally: confirmed signatures by country, the published figures, signatures on paper, the audit of all of them.

Offers: tally, history, freeze, rounding, removals, paper, audit. May import: core.
"""
