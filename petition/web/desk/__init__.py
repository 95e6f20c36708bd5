"""The organisers' desk: login, overview, names, letters, editions, answers, and the activity log.

Offers: access (who may open what), pages (navigation, notices), login, second_factor, sessions, overview, abuse,
printed_names, letters, downloads, export, editions, annexes, addressees, correspondence, activity_log.
May import: http, site and all below; not public, not operations.
"""
