-- name: spend
-- No row for a proof that was used before, and only one for a proof that is sent twice at once.
insert into spent_proofs (id, expires)
select id, expires from json_to_recordset(cast(:rows as json)) as r (id text, expires bigint) -- postgresql
select json_extract(value, '$.id') as id, json_extract(value, '$.expires') from json_each(:rows) -- sqlite
where true order by id
on conflict (id) do nothing
returning id

-- name: expired
delete from spent_proofs
where expires < :now -- sqlite
where ctid = any(array(select ctid from spent_proofs where expires < :now for update skip locked)) -- postgresql
