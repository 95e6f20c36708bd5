"""Addressees: the governments and institutions that get letters, with the source and date of each address.

Offers: address_book, reader, corrections. May import: what letters may.
"""
