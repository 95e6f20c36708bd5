-- name: tables
-- Every table.
select tablename as name from pg_catalog.pg_tables where schemaname = current_schema() -- postgresql
select name from sqlite_master where type = 'table' and name not like 'sqlite%' -- sqlite

-- name: durability_settings
select name, setting from pg_catalog.pg_settings -- postgresql
where name in ('fsync', 'synchronous_commit', 'full_page_writes') order by name -- postgresql
select '' as name, '' as setting -- sqlite

-- name: limits
-- How many connections PostgreSQL takes from roles like ours, and whether ours may do anything.
select cast(current_setting('max_connections') as int) -- postgresql
    - cast(current_setting('superuser_reserved_connections') as int) as connections, -- postgresql
    (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as is_superuser -- postgresql
select 0 as connections, false as is_superuser -- sqlite

-- name: version
-- Of the database program.
select 'PostgreSQL ' || current_setting('server_version') as version -- postgresql
select 'SQLite ' || sqlite_version() as version -- sqlite

-- name: clock
-- Seconds since 1970 by the clock of PostgreSQL's machine. SQLite's is our own.
select cast(floor(extract(epoch from clock_timestamp())) as bigint) as seconds -- postgresql
select 0 as seconds -- sqlite
