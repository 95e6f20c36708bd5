"""Addressees: governments and institutions, with the page and the day their address was seen.

Offers: reader, directory, corrections. May import: core and what letters may.
"""
