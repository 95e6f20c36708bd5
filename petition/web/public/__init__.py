"""Public pages: sign, confirm, manage, tally, governments, and what others may share or check.

Offers: signing, manage, tally, governments, maps, history_chart, sharing, letter_check, discovery.
May import: http, site and all below; not desk, not operations.
"""
