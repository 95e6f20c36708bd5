-- name: get
-- One fact about this database, such as mode, schema, closed.
select value from site_state where name = :name

-- name: put
insert into site_state (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value

-- name: delete
delete from site_state where name = :name
