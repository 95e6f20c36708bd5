-- name: keep_idle
-- This transaction does nothing for as long as the copying takes.
set local idle_in_transaction_session_timeout = 0 -- postgresql
select 1 -- sqlite
