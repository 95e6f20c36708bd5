"""Writing: from addressee, published figures, dated facts and a text per language to one tree per letter.

Offers: texts, compose, document, citations, figures, formatting, annex, glyphs. May import: addressees.
"""
