"""Protection: how often one network or one mailbox may ask for something, and when a proof of work is asked for.

Offers: rate_limits, mail_quota, token_buckets, daily_keys, networks, proof_of_work. May import: core.
"""
