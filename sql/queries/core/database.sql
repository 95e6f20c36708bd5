-- name: tables
-- Every table, those that refer to others first.
select tablename as name from pg_catalog.pg_tables where schemaname = current_schema() -- postgresql
select name from sqlite_master where type = 'table' and name not like 'sqlite%' -- sqlite
order by case when name in ('names', 'contacts', 'sessions', 'factors') then 0 else 1 end -- sqlite

-- name: drop_functions
drop function if exists refuse_change() -- postgresql
select 1 -- sqlite

-- name: durability_settings
select name, setting from pg_catalog.pg_settings -- postgresql
where name in ('fsync', 'synchronous_commit', 'full_page_writes') order by name -- postgresql
select '' as name, '' as setting -- sqlite
