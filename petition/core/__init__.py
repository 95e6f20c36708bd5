"""Core: the tools that all other folders use.

Offers: settings, setting_parsers, demo_secrets, log_keys, clock, errors, safe_logging, resources, toml_tables,
time_zones, markdown, languages, bytecode, formats, countries, typography, collation, email_addresses, pasted_addresses,
mistyped_domains, form, csv_tables, tokens, ciphers, encryption, outbox_keys, holder_keys, key_files, background,
database.
May import: nothing outside core.
"""
