-- name: tables
-- Every table.
select tablename as name from pg_catalog.pg_tables where schemaname = current_schema() -- postgresql
select name from sqlite_master where type = 'table' and name not like 'sqlite%' -- sqlite

-- name: durability_settings
select name, setting from pg_catalog.pg_settings -- postgresql
where name in ('fsync', 'synchronous_commit', 'full_page_writes') order by name -- postgresql
select '' as name, '' as setting -- sqlite
