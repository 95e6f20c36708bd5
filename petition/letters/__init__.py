"""Letters: whom we write to, the text of each letter, its file formats, the editions, and the answers.

A letter is one tree of plain values (writing/document.py); every format is made from that tree.
Offers: addressees, writing, formats, editions, correspondence, follow_ups. May import: signing, organisers and all
below.
"""
