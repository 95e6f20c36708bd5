"""Letters: to whom we write, what each letter says, how it is set, which edition was issued, and what was answered.

A letter is one tree of plain values (writing/document); every format is made from the tree.
Offers: addressees, writing, formats, editions, correspondence. May import: signing, organisers and all below.
"""
