"""Campaign: its dates, goal and controller, its dated facts, and the texts of the appeal.

Offers: campaign, appeal. May import: core.
"""
