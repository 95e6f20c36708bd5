"""Emails: the outbox where they wait, the text in each reader's language, the way to the mail server, bounce reports.

Offers: messages, outbox, compose, delivery, delivery_pool, backoff, smtp, bounce_reports. May import: core.
"""
