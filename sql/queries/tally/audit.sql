-- name: signatures
-- The count by country from the signatures themselves, without those that are set aside.
select country, count(*) as n from signatures where set_aside = 0 group by country order by country

-- name: journal
-- The same from the journal of changes.
select country, cast(sum(n) as bigint) as n from journal group by country having sum(n) <> 0 order by country

-- name: days
-- What was added and what was removed on each day, and by how much organisers changed the count.
select country, day, cast(sum(case when by_organisers = 0 and n > 0 then n else 0 end) as bigint) as added,
    cast(sum(case when by_organisers = 0 and n < 0 then -n else 0 end) as bigint) as removed,
    cast(sum(case when by_organisers = 1 then n else 0 end) as bigint) as removals, max(by_organisers) as has_removals
from (select country, day, n, case when reason in ('restored') or substr(reason, 1, 6) = 'aside ' then 1 else 0 end as by_organisers
    from journal) as changes
group by country, day order by country, day

-- name: removals
-- What organisers set aside and restored on each day.
select day, reason, cast(sum(n) as bigint) as n from journal
where reason in ('restored') or substr(reason, 1, 6) = 'aside ' group by day, reason order by day, reason

-- name: choices
-- How many asked for a name or for news, and how many names and contacts there are: each pair must be equal.
select
    (select count(*) from signatures where named = 1) as named,
    (select count(*) from names) as names,
    (select count(*) from signatures where updates = 1) as updates,
    (select count(*) from contacts) as contacts

-- name: figures
select name, figure from figures order by name

-- name: releases
select name, released_at, figure from releases order by name, released_at

-- name: facts
-- Whether signing has ended for good, whether this is a demo, whether nothing was released yet, until which day the
-- journal may have entries of a clock that was ahead, and when figures were frozen, or a freeze ended before its time.
select
    (select count(*) from site_state where name = 'closed') as closed,
    (select count(*) from site_state where name = 'mode' and value = 'demo') as demo,
    (select count(*) from site_state where name = 'first_release_count') as unreleased,
    coalesce((select changed_at from switches where name = 'figures'), 0) as turned_at,
    (select count(*) from switches where name = 'figures' and value = 'frozen') as frozen,
    coalesce((select value from site_state where name = 'clock_ahead_until'), '') as ahead_until
