"""Formats: the tree of a letter as PDF, DOCX and plain text, and the cover sheet and annex volumes beside it.

Offers: registry, pdf, docx, plain_text, cover_sheet, volume. May import: writing, addressees.
"""
