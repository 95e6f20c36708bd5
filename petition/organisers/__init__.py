"""Organisers: who may use the desk, how they log in, and the log of what they did.

Offers: accounts, sessions, switches, second_factor, totp, passkeys, activity_log, public_keys, last_checks,
failed_units.
May import: `mail`, `protection`, `tally`, `campaign`, `core`.
"""
