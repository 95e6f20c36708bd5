-- name: lock
-- One line at a time, so that they are numbered without a gap.
select pg_advisory_xact_lock(7431002) -- postgresql
select 1 -- sqlite

-- name: append
insert into actions (n, logged_at, nickname, action, detail)
select coalesce(max(n), 0) + 1, :logged_at, :nickname, :action, :detail from actions

-- name: list_lines
select n, logged_at, nickname, action, detail from actions where n < :before order by n desc limit :limit

-- name: last_backup
-- The newest moment that a backup holds: one was made here, or this database was restored from it.
select max(case when action = :made then logged_at else substr(detail, 6, 20) end) as made_at from actions
where action = :made or (action = :restored and detail like 'made ____-__-__T________Z%')

-- name: last_days
select detail, substr(max(logged_at), 1, 10) as day from actions where action = :action group by detail
