"""A canary: signs as a visitor does, with a mailbox of its own, and never confirms; and the page that says so.

Offers: feature. May import: commands, web and all below, never the log or sites. Nobody imports it: without this folder
nobody looks, and there is no page. What it found last is read and kept by `signing/probes`.
"""
