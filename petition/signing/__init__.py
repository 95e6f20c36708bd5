"""Signing: a form becomes a submission, the button makes it a signature; its owner sees, changes or withdraws it.

Offers: intake, submissions, signatures, manage, printed_names, quarantine, batches, set_aside, undelivered.
May import: `mail`, `protection`, `tally`, `campaign`, `core`.
"""
