-- name: insert
insert into daily_keys (day, random) values (:day, :random) on conflict (day) do nothing

-- name: get
select random from daily_keys where day = :day

-- name: delete_before
delete from daily_keys where day < :yesterday returning day
