-- name: insert_unused
-- No row for a proof that was used before, and only one for a proof that is sent twice at once.
insert into used_proofs (id, expires_at)
select id, expires_at from json_to_recordset(cast(:rows as json)) as r (id text, expires_at bigint) -- postgresql
select json_extract(value, '$.id') as id, json_extract(value, '$.expires_at') from json_each(:rows) -- sqlite
where true order by id
on conflict (id) do nothing
returning id

-- name: delete_expired
delete from used_proofs
where expires_at < :now -- sqlite
where ctid = any(array(select ctid from used_proofs where expires_at < :now for update skip locked)) -- postgresql
