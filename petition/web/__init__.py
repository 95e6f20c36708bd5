"""Web: pages and files over HTTP. The only folder that imports Starlette.

Offers: app (the wiring), routes, prerender, mirror, and the folders public, desk, operations, http.
May import: site and all below.
"""
