"""Mail: an email waits in the outbox, is written in its reader's language and handed to a mail server; reports
of emails that came back are read.

Offers: messages, outbox, compose, delivery, delivery_pool, backoff, smtp, bounce_reports. May import: core.
"""
