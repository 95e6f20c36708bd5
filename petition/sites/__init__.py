"""Several campaigns on one installation: one settings file for each, one process, nothing shared.

Offers: feature. May import: commands, web and all below, never the log. Nobody imports it: without this folder an
installation has one campaign.
"""
