"""Protection: limits for networks and mailboxes, and proofs of work.

Offers: rate_limits, flood, mail_quota, token_buckets, daily_keys, networks, proof_of_work. May import: core.
"""
