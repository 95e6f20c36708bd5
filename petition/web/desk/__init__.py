"""The organisers' desk: login, overview, names, letters, editions, answers, and the activity log.

Offers: access (who may open what), factor_again (what needs a second factor a second time), kept_form (what comes after
the end of a session), pages (navigation, notices), login, second_factor, sessions, people, person_changes, operations,
overview, unusual, abuse, news, paper, printed_names, words, letters, downloads, export, editions, annexes, addressees,
correspondence, activity_log.
May import: http, site and all below; not public, not operations.
"""
