"""Formats: a letter as PDF, DOCX and plain text, the cover sheet of an edition, and volumes of names as PDF.

Offers: registry, pdf, docx, plain_text, cover_sheet, annex_pages, volume. May import: writing, addressees, and
what letters may.
"""
