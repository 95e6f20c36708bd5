-- name: make
insert into day_keys (day, random) values (:day, :random) on conflict (day) do nothing

-- name: get
select random from day_keys where day = :day

-- name: destroy
delete from day_keys where day < :yesterday returning day
