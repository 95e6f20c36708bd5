"""Campaign: what the appeal is: its dates, goal and controller, its texts, its dated facts.

Offers: campaign, appeal. May import: core.
"""
