"""Editions: all letters of one moment, checked, then kept byte for byte; annexes of names made for them.

Offers: drafts, source_checks, editions, annexes, files. May import: formats, writing, addressees.
"""
