"""Writing: from addressee, published figures, dated facts and a text per language to one tree per letter.

Offers: texts, compose, document, citations, chart, formatting, annex, glyphs. May import: addressees.
"""
