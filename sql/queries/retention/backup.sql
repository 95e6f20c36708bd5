-- name: columns
-- Every column of every table: its type, whether it may be null, and whether a new row may lack it.
select table_name as "table", column_name as name, data_type as type, -- postgresql
    is_nullable = 'YES' as nullable, is_nullable = 'YES' or column_default is not null as optional -- postgresql
from information_schema.columns where table_schema = current_schema() order by ordinal_position -- postgresql
select t.name as "table", c.name, lower(c.type) as type, -- sqlite
    not (c."notnull" or c.pk) as nullable, not (c."notnull" or c.pk) or c.dflt_value is not null as optional -- sqlite
from sqlite_master t, pragma_table_info(t.name) c where t.type = 'table' order by c.cid -- sqlite

-- name: actions
select n, logged_at, nickname, action, detail from actions

-- name: editions
select number, issued_at, nickname, basis from editions

-- name: edition_letters
-- Without tree and PDF, which are large: sha256 is that of the PDF.
select reference, edition, key, courtesy, sha256 from edition_letters

-- name: edition_annexes
select reference, edition, key, version, name_count, sha256, issued_on from edition_annexes

-- name: follow_ups
select reference, letter, edition, key, kind, issued_at, nickname, basis, sha256 from follow_ups

-- name: time_stamps
select edition, index_csv, service, reply from time_stamps

-- name: paper_counts
select n, country, sheet, version, signatures, counted_on, counted_by, nickname from paper_counts

-- name: edits
select id, kind, key, language, version, value, press, nickname, edited_at from edits

-- name: log_entries
select n, first, entry from log_entries

-- name: log_heads
select below, note from log_heads

-- name: log_files
select sha256, content from log_files

-- name: log_cosignatures
select line, below, name from log_cosignatures

-- name: clear_state
-- All facts but those that belong to this database itself and its keys.
delete from site_state where name not in ('mode', 'schema', 'email_key', 'desk_key', 'keys_sealed', 'log_restored')
