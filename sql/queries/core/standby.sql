-- name: place
-- Of a primary: up to which place its log is on disk, which is all that was acknowledged; and which database it is. A
-- standby has the same identity, as a copy of the bytes.
select cast(pg_current_wal_flush_lsn() as text) as place, -- postgresql
    system_identifier || '/' || (select oid from pg_catalog.pg_database where datname = current_database()) -- postgresql
    as identity from pg_control_system() -- postgresql
select '' as place, '' as identity -- sqlite

-- name: look
-- Whether this server is a standby of that primary, and has replayed its log up to that place.
select pg_is_in_recovery() as is_standby, -- postgresql
    coalesce(pg_last_wal_replay_lsn() >= cast(cast(:place as text) as pg_lsn), false) as has_all, -- postgresql
    system_identifier || '/' || (select oid from pg_catalog.pg_database where datname = current_database()) -- postgresql
    = cast(:identity as text) as is_same from pg_control_system() -- postgresql
select false as is_standby, :place = '' as has_all, :identity = '' as is_same -- sqlite
