"""Campaign: its dates, goal and controller, its dated facts, the texts of the appeal, and what the desk edited of them.

Offers: campaign, goals, press, witnesses, pictures, appeal, places, edits, export. May import: core.
"""
