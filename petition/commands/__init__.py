"""Commands: the verbs of the command line; each calls the folder that does the work.

Offers: one module for each group of verbs. May import: everything below.
"""
