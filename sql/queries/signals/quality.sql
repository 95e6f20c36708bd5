-- name: newest
select week, since, figures, sums from quality_weeks order by week desc limit 1

-- name: insert
-- The process that comes first has frozen the week.
insert into quality_weeks (week, since, figures, sums) values (:week, :since, :figures, :sums)
on conflict (week) do nothing

-- name: delete_ahead
-- Weeks that a clock was ahead for.
delete from quality_weeks where week > :week

-- name: delete_old
delete from quality_weeks where week < :before and week < (select max(newest.week) from quality_weeks as newest)

-- name: counted_days
select min(day) as first, max(day) as last from pulse_days

-- name: sums
select cast(coalesce(sum(forms), 0) as bigint) as forms, cast(coalesce(sum(confirmed), 0) as bigint) as pressed,
    cast(coalesce(sum(returned), 0) as bigint) as returned,
    cast(coalesce(sum(case when mailbox_class = 'throw-away' then confirmed end), 0) as bigint) as throw_away,
    cast(coalesce(sum(case when mailbox_class = 'unknown' then confirmed end), 0) as bigint) as unknown
from pulse where day >= :first and day < :before

-- name: largest_domains
select d.largest_domain, cast(sum(p.confirmed) as bigint) as pressed
from pulse_days d join pulse p on p.day = d.day where d.day >= :first and d.day < :before
group by d.day, d.largest_domain having sum(p.forms) >= :least and sum(p.confirmed) > 0

-- name: judged
-- What organisers found honest: batches, and what was unusual; less what they opened again.
select cast(coalesce(sum(case when action = :reopened then -1 else 1 end), 0) as bigint) as n from actions
where logged_at >= :first and logged_at < :before
    and (action in (:honest, :reopened) or action = :explained and detail <> :forged)

-- name: taken_off
-- What was published of withdrawn, set aside and restored signatures until a moment.
select name, released_at, figure from releases
where released_at <= :moment and (name in (:withdrawn, :restored) or name like 'aside %') order by released_at, name
