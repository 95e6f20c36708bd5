-- name: try_lock
-- One migration at a time: whether we have the lock, until this transaction ends. SQLite has locks of its own.
select pg_try_advisory_xact_lock(7431001) as ours -- postgresql
select 1 as ours -- sqlite

-- name: limit_lock_wait
-- Waits at most a second for a lock: a transaction that waits for a table blocks all others that come after it.
set local lock_timeout = '1s' -- postgresql
select 1 -- sqlite

-- name: is_migrated
-- A row if this database was ever migrated.
select 1 as found from pg_catalog.pg_tables where schemaname = current_schema() and tablename = 'site_state' -- postgresql
select 1 as found from sqlite_master where type = 'table' and name = 'site_state' -- sqlite
