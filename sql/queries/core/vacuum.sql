-- name: rights
-- Whether our role has the right to begin a new file of the write-ahead log and to have the old ones removed.
select has_function_privilege('pg_switch_wal()', 'execute') as switch, -- postgresql
    exists (select 1 from pg_catalog.pg_roles where rolname = 'pg_checkpoint' -- postgresql
        and pg_has_role(oid, 'usage')) as flush -- postgresql
select false as switch, false as flush -- sqlite

-- name: rotate_wal
select pg_switch_wal() -- postgresql
select 1 -- sqlite

-- name: checkpoint
checkpoint -- postgresql
select 1 -- sqlite

-- name: settings
-- Settings that make the server keep erased rows in old files of its write-ahead log, or values of statements in its
-- server log.
select name, setting from pg_catalog.pg_settings where (name, setting) in ( -- postgresql
    ('wal_recycle', 'on'), ('archive_mode', 'on'), ('archive_mode', 'always'), -- postgresql
    ('log_statement', 'all'), ('log_statement', 'mod') -- postgresql
) or (name = 'log_min_duration_statement' and setting <> '-1') -- postgresql
or (name = 'log_parameter_max_length_on_error' and setting <> '0') -- postgresql
or (name = 'log_error_verbosity' and setting <> 'terse') order by name -- postgresql
select '' as name, '' as setting where false -- sqlite
