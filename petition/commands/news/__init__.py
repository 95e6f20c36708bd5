"""`petition mail-updates`: news to those who asked for it, from an organiser's own machine, without the server.

Offers: `command` (the verb). May import: `mail`, `core`, and of commands `verbs` and `confirmation`.
"""
