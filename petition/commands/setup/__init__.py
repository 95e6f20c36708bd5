"""`petition setup`: asks what a site needs, and writes the settings, secrets and files of the server.

Offers: `command` (the verb), and to `doctor` the check of the DNS. May import: everything below, and `verbs`.
"""
