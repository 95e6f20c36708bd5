-- name: weeks
select week, since, figures, sums from quality_weeks order by week

-- name: first_counted
-- The oldest day whose sums are still there; later than all days if there is none.
select coalesce(min(day), '9999') as day from pulse_days

-- name: sums
select mailbox_class, cast(sum(forms) as bigint) as forms, cast(sum(confirmed) as bigint) as confirmed,
    cast(sum(returned) as bigint) as returned
from pulse where day >= :first and day < :before group by mailbox_class

-- name: largest
-- Of each day with a hundred forms: the largest unknown domain, and all that were confirmed.
select pulse_days.day, largest_domain, cast(sum(confirmed) as bigint) as confirmed
from pulse_days, pulse where pulse.day = pulse_days.day and pulse.day >= :first and pulse.day < :before
group by pulse_days.day, largest_domain having sum(forms) >= 100 and sum(confirmed) > 0

-- name: judged
select action, detail from actions
where substr(logged_at, 1, 10) >= :first and substr(logged_at, 1, 10) < :before
    and action in ('found signatures honest', 'said what was unusual', 'opened a notice again')

-- name: releases
select name, released_at, figure from releases where length(name) > 2 and released_at <= :moment order by released_at
