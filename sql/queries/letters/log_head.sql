-- name: newest
-- The newest head of the public log, if there is one: letters print it.
select note from log_heads order by below desc limit 1
