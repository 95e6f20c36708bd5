"""Operations: health and metrics for a monitor, the bounce webhook for a mail server, the demo's outbox.

Offers: health, metrics, bounce_webhook, dev_outbox. May import: http, site and all below; not public, not desk.
"""
