-- name: by_day
-- Forms of the days before today, by the day on which they expire: all that wait or were confirmed, and those confirmed.
select expires_at, count(*) as forms, sum(case when state = 'confirmed' then 1 else 0 end) as confirmed from submissions
where expires_at > :now and expires_at < :today and state in ('waiting', 'confirmed') group by expires_at
