"""Operations: health and metrics for a monitor, the bounce webhook for a mail server, the demo's outbox.

Offers: health, bounce_webhook. May import: http.
"""
