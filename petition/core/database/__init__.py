"""Database: opens, reads and writes SQLite or PostgreSQL. The SQL itself is in sql/.

Offers: database, connection, queries, writer, state, switches, schema, migrations, sqlite, vacuum. May import: core.
"""
