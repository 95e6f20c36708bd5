"""Database: open it, read it, write to it; SQLite or PostgreSQL. SQL itself is in sql/.

Offers: database, connection, queries, writer, state, migrations, sqlite, vacuum. May import: core.
"""
