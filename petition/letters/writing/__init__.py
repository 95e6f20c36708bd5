"""Writing: makes the tree of a letter from the addressee, the published figures, dated facts and a text.

Offers: texts, compose, document, citations, chart, formatting, annex, fonts, glyphs. May import: addressees, and what
letters may.
"""
