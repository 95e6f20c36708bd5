-- name: insert_journal
insert into journal (country, day, reason, n)
select country, day, reason, n -- postgresql
from json_to_recordset(cast(:rows as json)) as r (country text, day text, reason text, n bigint) -- postgresql
select json_extract(value, '$.country'), json_extract(value, '$.day'), -- sqlite
    json_extract(value, '$.reason'), json_extract(value, '$.n') from json_each(:rows) -- sqlite

-- name: insert_journal_hours
insert into journal_hours (hour, n)
select hour, n from json_to_recordset(cast(:rows as json)) as r (hour text, n bigint) -- postgresql
select json_extract(value, '$.hour'), json_extract(value, '$.n') from json_each(:rows) -- sqlite

-- name: add_counts
-- In the order of the countries, so that two servers cannot deadlock.
insert into tally (country, confirmed, changes)
select country, n, changes -- postgresql
from json_to_recordset(cast(:rows as json)) as r (country text, n bigint, changes bigint) -- postgresql
select json_extract(value, '$.country'), json_extract(value, '$.n'), json_extract(value, '$.changes') -- sqlite
from json_each(:rows) -- sqlite
where true
on conflict (country) do update
set confirmed = tally.confirmed + excluded.confirmed, changes = tally.changes + excluded.changes

-- name: counts
select country, confirmed, changes from tally order by country

-- name: claim_snapshot
-- The process that gets the row makes this minute's snapshot. A time in the future was set by a wrong clock.
update snapshot set taken_at = :now where id = 1 and (taken_at <= :limit or taken_at > :now) returning taken_at

-- name: update_snapshot
update snapshot set changes = :changes, confirmed = :confirmed, countries = :countries, other = :other where id = 1

-- name: get_snapshot
select taken_at, changes, confirmed, countries, other from snapshot where id = 1

-- name: reset_snapshot
update snapshot set taken_at = 0, changes = 0, confirmed = 0, countries = '{}', other = 0 where id = 1
