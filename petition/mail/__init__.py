"""Emails: the outbox where they wait, the text in each reader's language, the way to the mail server, bounce reports.

Offers: messages, outbox, key_rotation, machines, compose, delivery, delivery_pool, delivery_rules, backoff, breaker,
relays, relay_watch, replies, smtp, alerts, bounce_reports, bounce_texts, mime_parts, report_counts, expiry.
May import: core.
"""
