"""Addressees: governments and institutions, with the page and the day their address was seen.

Offers: address_book, reader, corrections. May import: core and what letters may.
"""
