-- name: turn
-- One migration at a time: whether we have the lock, until the connection is given back. On SQLite its own locks do this.
select pg_try_advisory_lock(7431001) as ours -- postgresql
select 1 as ours -- sqlite

-- name: impatient
-- This transaction waits for no lock longer than a second: one that waits for a table blocks all that come after it.
set local lock_timeout = '1s' -- postgresql
select 1 -- sqlite

-- name: exists
-- A row if this database was ever migrated.
select 1 as found from pg_catalog.pg_tables where schemaname = current_schema() and tablename = 'house' -- postgresql
select 1 as found from sqlite_master where type = 'table' and name = 'house' -- sqlite

-- name: get
-- One fact about the whole database: mode, schema, closed.
select value from house where name = :name

-- name: keep
-- Writes a fact unless it is there.
insert into house (name, value) values (:name, :value) on conflict (name) do nothing

-- name: set
-- Changes a fact.
update house set value = :value where name = :name

-- name: drop
delete from house where name = :name

-- name: tables
-- Every table, those that refer to others first.
select tablename as name from pg_catalog.pg_tables where schemaname = current_schema() -- postgresql
select name from sqlite_master where type = 'table' and name not like 'sqlite%' -- sqlite
order by case when name in ('names', 'contacts', 'sessions', 'factors') then 0 else 1 end -- sqlite

-- name: drop_functions
drop function if exists refuse_change() -- postgresql
select 1 -- sqlite

-- name: durability
select name, setting from pg_catalog.pg_settings -- postgresql
where name in ('fsync', 'synchronous_commit', 'full_page_writes') order by name -- postgresql
select '' as name, '' as setting -- sqlite
