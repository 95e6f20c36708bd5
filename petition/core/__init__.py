"""Core: what every other folder stands on, without a word about petitions.

Offers: settings, clock, errors, safe_logging, languages, collation, email_addresses, form, tokens, encryption,
demo_secrets, resources, database. May import: nothing above itself.
"""
