"""Public pages: sign, confirm, manage, tally, governments, and what others may share or check.

Offers: one module for each page. May import: http; not the desk.
"""
