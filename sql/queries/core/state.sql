-- name: get
-- One fact about this database, such as mode, schema, closed.
select value from site_state where name = :name

-- name: put
insert into site_state (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value

-- name: insert
insert into site_state (name, value) values (:name, :value)
on conflict (name) do nothing
returning name

-- name: replace
update site_state set value = :value where name = :name
returning name

-- name: exchange
update site_state set value = :value where name = :name and value = :old
returning name

-- name: delete
delete from site_state where name = :name
returning name

-- name: hold_in_place
-- Asked in each transaction that writes, so in one statement. SQLite has only one writer anyway.
select hold_in_place() as mark -- postgresql
select max(name) as mark from site_state where name in ('arriving', 'moved') -- sqlite

-- name: lock_place
-- Waits for all transactions that write; until this one ends, there are no others.
select pg_advisory_xact_lock(7431004) -- postgresql
select 1 -- sqlite

-- name: mark_of_move
select max(name) as mark from site_state where name in ('arriving', 'moved')
