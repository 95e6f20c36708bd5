"""HTTP: forms, errors, security headers, prerendered responses. It knows none of the site's pages.

Offers: pages, forms, security, canonical, errors, padding, prerendered, public_state, assets.
May import: site and all below.
"""
