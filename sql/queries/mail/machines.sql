-- name: put
insert into outbox_machines (machine, public_key, mac, seen_at) values (:machine, :public_key, :mac, :seen_at)
on conflict (machine) do update set public_key = excluded.public_key, mac = excluded.mac, seen_at = excluded.seen_at

-- name: leave
update outbox_machines set public_key = '', mac = '' where machine = :machine

-- name: all
select machine, public_key, mac, seen_at from outbox_machines order by machine

-- name: delete
delete from outbox_machines where machine = :machine and seen_at <= :seen_by

-- name: copies
select key_name, holder, public_key, sealed from outbox_key_copies order by key_name

-- name: put_copy
insert into outbox_key_copies (key_name, holder, public_key, sealed) values (:key_name, :holder, :public_key, :sealed)
on conflict (key_name) do update set holder = excluded.holder, public_key = excluded.public_key, sealed = excluded.sealed

-- name: delete_copy
delete from outbox_key_copies where key_name = :key_name

-- name: delete_damaged_copy
-- Not the one that its machine has sealed again since.
delete from outbox_key_copies where key_name = :key_name and sealed = :sealed

-- name: delete_copies
delete from outbox_key_copies
