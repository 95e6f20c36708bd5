-- name: lock
-- One line at a time, so that they are numbered without a gap.
select pg_advisory_xact_lock(7431002) -- postgresql
select 1 -- sqlite

-- name: append
insert into actions (n, logged_at, nickname, action, detail)
select coalesce(max(n), 0) + 1, :logged_at, :nickname, :action, :detail from actions

-- name: list_lines
select n, logged_at, nickname, action, detail from actions where n < :before order by n desc limit :limit
