-- name: changes_by_hour
-- The net change of each hour that was not closed before and is over now.
select hour, sum(n) as n from journal_hours where hour >= :after and hour < :before group by hour order by hour

-- name: total_before_hour
select coalesce(sum(n), 0) as n from journal_hours where hour < :hour

-- name: changes_by_day
-- The net change of each day and country that was not closed before and is over now.
select day, country, sum(n) as n from journal where day >= :after and day < :before group by day, country
order by day, country

-- name: totals_before_day
select country, sum(n) as n from journal where day < :day group by country order by country

-- name: insert_hour
insert into history_hours (hour, confirmed) values (:hour, :confirmed) on conflict (hour) do nothing

-- name: insert_day
insert into history_days (day, country, confirmed) values (:day, :country, :confirmed)
on conflict (day, country) do nothing

-- name: hours
select hour, confirmed from history_hours order by hour

-- name: days
select day, country, confirmed from history_days order by day, country

-- name: change_since
-- The change in the last 24 hours by the journal, for the desk.
select coalesce(sum(n), 0) as n from journal_hours where hour > :hour

-- name: delete_hours_from
delete from history_hours where hour >= :hour

-- name: delete_days_from
delete from history_days where day >= :day

-- name: reset
delete from site_state where name = 'history_written_until'
