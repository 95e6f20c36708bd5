"""Retention: what is deleted when, how signing ends, what is destroyed in an emergency, and encrypted backups.

Offers: prune, close, reorder, destroy, backup.
May import: signing, organisers and all below.
"""
