"""Petition: people sign a collective ultimatum and make their governments answer it.

The house, from the door inwards:
  __main__   the command line: its verbs    commands   what each of them does
  app        the web application, the only wiring for Starlette
  web/       the counter: routes in the order of a visit, one file of handlers per noun
  the job    campaign, appeal, signatures, managing, aside, bounces, tally, letters/, drafts, organisers, sessions,
             factors, record, recipients, correspondence, notices, outbox, delivery, throttle, buckets, daykeys, work,
             sealing, retention, destruction, backup, audit, proofs: no Starlette
  the floor  settings, db, erasing, migrations, writer, tokens, mail, languages, addresses, totp, passkeys,
             networks, clock, discretion: knows nothing of petitions
Imports go down only. One noun has one stem: signatures.py, sql/queries/signing/signatures.sql, tests/signing/test_signatures.py.
"""

__version__ = "0.1.0"
