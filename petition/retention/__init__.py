"""Retention: what is deleted when, how signing ends, what is destroyed in an emergency, encrypted backups and sealed
keys, and how a site moves into another database.

Offers: prune, close, destruction_day, reorder, destroy, backup, sealed_keys, move, and plans of what they would do.
May import: signing, organisers and all below.
"""
