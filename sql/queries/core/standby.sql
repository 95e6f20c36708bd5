-- name: place
-- Of a primary: up to which place its log is on disk, which is all that was acknowledged; its timeline; and which
-- database it is. A standby has the same identity, as a copy of the bytes. A server that takes no writes has no place.
-- What nobody waits for is written in whole pages, so the place may be in the middle of an entry, which no standby can
-- replay before its other half comes (`may_be_cut`).
select cast(place as text) as place, left(pg_walfile_name(place), 8) as timeline, -- postgresql
    system_identifier || '/' || (select oid from pg_catalog.pg_database where datname = current_database()) -- postgresql
    as identity, -- postgresql
    coalesce(pg_wal_lsn_diff(place, '0/0') % cast(current_setting('wal_block_size') as int) = 0, false) as may_be_cut -- postgresql
    from pg_control_system(), -- postgresql
    (select case when not pg_is_in_recovery() then pg_current_wal_flush_lsn() end as place offset 0) as primary_server -- postgresql
select '' as place, '' as timeline, '' as identity, false as may_be_cut -- sqlite

-- name: end_the_entry
-- An empty entry, written to the disk of the primary with all before it; no table changes.
select set_config('synchronous_commit', 'local', true), pg_logical_emit_message(true, 'petition', '') -- postgresql
select '' as empty -- sqlite

-- name: look
-- Whether this server is a standby of that primary, on its timeline, and has replayed its log up to that place. A standby
-- notes a new timeline at its next restart point, five minutes later at most.
select pg_is_in_recovery() as is_standby, -- postgresql
    system_identifier || '/' || (select oid from pg_catalog.pg_database where datname = current_database()) -- postgresql
    = cast(:identity as text) as is_same, -- postgresql
    coalesce(lpad(upper(to_hex(greatest(timeline_id, min_recovery_end_timeline))), 8, '0') -- postgresql
    = cast(:timeline as text), false) as is_on_timeline, -- postgresql
    coalesce(pg_last_wal_replay_lsn() >= cast(cast(:place as text) as pg_lsn), false) as has_all -- postgresql
    from pg_control_system(), pg_control_checkpoint(), pg_control_recovery() -- postgresql
select false as is_standby, :identity = '' as is_same, :timeline = '' as is_on_timeline, :place = '' as has_all -- sqlite

-- name: kept
-- Bytes of its log that a primary keeps for the standby that is furthest behind.
select cast(coalesce(max(pg_wal_lsn_diff( -- postgresql
    case when not pg_is_in_recovery() then pg_current_wal_lsn() end, restart_lsn)), 0) as bigint) as bytes -- postgresql
    from pg_catalog.pg_replication_slots -- postgresql
select 0 as bytes -- sqlite
