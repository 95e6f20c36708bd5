-- name: all
select id, nickname, day from confirmations

-- name: put
insert into confirmations (id, nickname, day) values (:id, :nickname, :day)
on conflict (id) do update set nickname = excluded.nickname, day = excluded.day
