-- name: lock
-- Until this transaction ends, nobody else appends or signs. SQLite has only one writer anyway.
select pg_advisory_xact_lock(7431007) -- postgresql
select 1 -- sqlite

-- name: ends
-- How many entries there are in all, where the newest log begins, and how many files and cosignatures it has.
select coalesce((select max(n) from log_entries), -1) + 1 as entries,
    coalesce((select first from log_entries order by n desc limit 1), 0) as first,
    coalesce((select max(below) from log_heads), 0) as below,
    (select count(*) from log_files) as files,
    (select count(*) from log_cosignatures) as cosignatures

-- name: entries
-- Of the newest log, or of the one that begins at :first.
select n, first, entry, added_at from log_entries where first = :first order by n

-- name: entries_from
select n, first, entry, added_at from log_entries where n >= :n order by n

-- name: first_of_all
-- With what each log begins.
select n, entry from log_entries where n = first order by n

-- name: keys
-- The entries of a log that name its keys: the first one, and those of changes.
select entry from log_entries
where n < :below and (n = :first or (n > :first and entry like '{"kind":"key",%')) order by n

-- name: append
insert into log_entries (n, first, entry, added_at)
select n, first, entry, added_at
from json_to_recordset(cast(:rows as json)) as r (n bigint, first bigint, entry text, added_at bigint) -- postgresql
from (select json_extract(value, '$.n') as n, json_extract(value, '$.first') as first, -- sqlite
    json_extract(value, '$.entry') as entry, json_extract(value, '$.added_at') as added_at from json_each(:rows)) -- sqlite
where true order by n

-- name: insert_head
insert into log_heads (below, note) values (:below, :note) on conflict (below) do nothing

-- name: newest_head
select below, note from log_heads order by below desc limit 1

-- name: heads
select below, note from log_heads where below > :after order by below

-- name: cosignatures
select below, name, line from log_cosignatures where below > :after order by below, name

-- name: witnesses
-- Who has signed heads lately.
select distinct name from (
    select name from log_cosignatures where below > :first order by below desc, name limit 100
) as newest order by name

-- name: insert_cosignature
insert into log_cosignatures (line, below, name) values (:line, :below, :name) on conflict do nothing

-- name: files
select sha256, content from log_files order by sha256

-- name: insert_file
insert into log_files (sha256, content, kept_until) values (:digest, :content, :kept_until) on conflict (sha256) do nothing

-- name: delete_files
delete from log_files where sha256 in (select value from json_each(:hashes)) -- sqlite
delete from log_files where sha256 = any(array(select json_array_elements_text(cast(:hashes as json)))) -- postgresql

-- name: expired_files
select sha256 from log_files where kept_until > 0 and kept_until <= :now

-- name: head
select note from log_heads where below = :below

-- name: entries_between
select n, entry from log_entries where n >= :since and n < :below order by n
