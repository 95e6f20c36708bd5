"""HTTP: forms, errors, security headers, prerendered answers; it knows no page of ours.

Offers: pages, forms, security, errors, prerendered, public_state, assets, tables. May import: site and all below.
"""
