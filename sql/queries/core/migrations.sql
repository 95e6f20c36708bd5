-- name: try_lock
-- One migration at a time: whether we have the lock, until the connection is given back. On SQLite its own locks do this.
select pg_try_advisory_lock(7431001) as ours -- postgresql
select 1 as ours -- sqlite

-- name: limit_lock_wait
-- This transaction waits for no lock longer than a second: one that waits for a table blocks all that come after it.
set local lock_timeout = '1s' -- postgresql
select 1 -- sqlite

-- name: is_migrated
-- A row if this database was ever migrated.
select 1 as found from pg_catalog.pg_tables where schemaname = current_schema() and tablename = 'site_state' -- postgresql
select 1 as found from sqlite_master where type = 'table' and name = 'site_state' -- sqlite
