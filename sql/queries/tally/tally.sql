-- name: journal
insert into journal (country, day, reason, n)
select country, day, reason, n -- postgresql
from json_to_recordset(cast(:rows as json)) as r (country text, day text, reason text, n bigint) -- postgresql
select json_extract(value, '$.country'), json_extract(value, '$.day'), -- sqlite
    json_extract(value, '$.reason'), json_extract(value, '$.n') from json_each(:rows) -- sqlite

-- name: journal_hours
insert into journal_hours (hour, n)
select hour, n from json_to_recordset(cast(:rows as json)) as r (hour text, n bigint) -- postgresql
select json_extract(value, '$.hour'), json_extract(value, '$.n') from json_each(:rows) -- sqlite

-- name: count
-- In the order of the countries, so that two servers never wait for each other in a circle.
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

-- name: turn
-- The process that gets the row makes this minute's snapshot. A time in the future was set by a wrong clock.
update published set as_of = :now where id = 1 and (as_of <= :limit or as_of > :now) returning as_of

-- name: publish
update published set changes = :changes, confirmed = :confirmed, countries = :countries, other = :other where id = 1

-- name: published
select as_of, changes, confirmed, countries, other from published where id = 1

-- name: hours
-- The net change of each hour that was not closed before and is over now.
select hour, sum(n) as n from journal_hours where hour >= :after and hour < :before group by hour order by hour

-- name: hours_before
select coalesce(sum(n), 0) as n from journal_hours where hour < :hour

-- name: days
-- The net change of each day and country that was not closed before and is over now.
select day, country, sum(n) as n from journal where day >= :after and day < :before group by day, country
order by day, country

-- name: days_before
select country, sum(n) as n from journal where day < :day group by country order by country

-- name: history_hour
insert into history_hours (hour, confirmed) values (:hour, :confirmed) on conflict (hour) do nothing

-- name: history_day
insert into history_days (day, country, confirmed) values (:day, :country, :confirmed)
on conflict (day, country) do nothing

-- name: history_hours
select hour, confirmed from history_hours order by hour

-- name: history_days
select day, country, confirmed from history_days order by day, country

-- name: last_day
-- What the journal says of the last 24 hours, for the desk.
select coalesce(sum(n), 0) as n from journal_hours where hour > :hour

-- name: reopen_hours
delete from history_hours where hour >= :hour

-- name: reopen_days
delete from history_days where day >= :day

-- name: forget_history
delete from site_state where name = 'history'
