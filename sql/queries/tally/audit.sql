-- name: signatures
-- The count by country from the signatures themselves.
select country, count(*) as n from signatures group by country order by country

-- name: journal
-- The same from the journal of changes.
select country, cast(sum(n) as bigint) as n from journal group by country having sum(n) <> 0 order by country

-- name: tally
-- The same from the table that the site keeps.
select country, confirmed as n from tally where confirmed <> 0 order by country

-- name: totals
-- One total from each place that holds it.
select
    (select cast(coalesce(sum(n), 0) as bigint) from journal) as journal,
    (select cast(coalesce(sum(n), 0) as bigint) from journal_hours) as journal_by_hour,
    (select cast(coalesce(sum(changes), 0) as bigint) from tally) as changes,
    (select cast(coalesce(sum(abs(n)), 0) as bigint) from journal) as moved

-- name: choices
-- How many asked for a name or for news, and how many names and contacts there are: each pair must be equal.
select
    (select count(*) from signatures where named = 1) as named,
    (select count(*) from names) as names,
    (select count(*) from signatures where updates = 1) as updates,
    (select count(*) from contacts) as contacts

-- name: snapshot
select taken_at, changes, confirmed, countries, other from snapshot where id = 1

-- name: changes_since
-- How much changed since the snapshot's hour, and whether anything changed long after it. Rows in the
-- future do not count as later: a clock that was ahead wrote them.
select
    (select cast(coalesce(sum(abs(n)), 0) as bigint) from journal_hours where hour >= :hour) as n,
    (select count(*) from journal_hours where hour > :later and hour <= :now) as later

-- name: hours
-- What the history of closed hours must say, hour by hour.
select hour, cast(sum(sum(n)) over (order by hour) as bigint) / 10 * 10 as confirmed
from journal_hours where hour < :closed group by hour order by hour

-- name: history_hours
select hour, confirmed from history_hours order by hour

-- name: days
-- What the history of closed days must say, country by country.
select country, day, cast(sum(sum(n)) over (partition by country order by day) as bigint) / 10 * 10 as confirmed
from journal where day < :closed and country <> 'ZZ' group by country, day order by country, day

-- name: history_days
select country, day, confirmed from history_days order by country, day

-- name: closing_state
-- The last hour and day of the written history, and whether signing has ended for good.
select
    coalesce((select value from site_state where name = 'history_written_until'), '') as history,
    coalesce((select value from site_state where name = 'closed'), '') as signing
