"""Web: what a browser sees. The only folder that imports Starlette.

Offers: app (the wiring), routes (the site map), prerender, mirror. May import: site and all below.
"""
