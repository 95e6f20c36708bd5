-- name: all
select id, nickname, checked_on from source_checks

-- name: save
insert into source_checks (id, nickname, checked_on) values (:id, :nickname, :today)
on conflict (id) do update set nickname = excluded.nickname, checked_on = excluded.checked_on

-- name: forget
delete from source_checks where id = :id
