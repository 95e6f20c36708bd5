"""The organisers' desk: login, dashboard, names, letters, editions, answers, and the log of what was done.

Offers: one module for each page; access says who may open what. May import: http; not the public pages.
"""
