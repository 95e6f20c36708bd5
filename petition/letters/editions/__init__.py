"""Editions: all letters of one moment, checked, then kept byte for byte; and the annexes of names made for them.

Offers: drafts, source_checks, editions, references, annexes, sealed_copies, index_signature, time_stamps, files.
May import: formats, writing, addressees, and what letters may.
"""
