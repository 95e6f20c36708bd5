-- name: merge
-- Adds what one process used to what all have used, minus what was refilled since; in the order of the keys, so that
-- two servers cannot deadlock.
insert into token_buckets (id, used, hourly, updated_at)
select id, used, hourly, :now from json_to_recordset(cast(:rows as json)) as r (id text, used bigint, hourly bigint) -- postgresql
select json_extract(value, '$.id') as id, json_extract(value, '$.used'), -- sqlite
    json_extract(value, '$.hourly'), :now from json_each(:rows) -- sqlite
where true order by id
on conflict (id) do update set updated_at = excluded.updated_at, hourly = excluded.hourly, used = excluded.used +
greatest(0, token_buckets.used - excluded.hourly * greatest(0, excluded.updated_at - token_buckets.updated_at)) -- postgresql
max(0, token_buckets.used - excluded.hourly * max(0, excluded.updated_at - token_buckets.updated_at)) -- sqlite
returning id, used

-- name: delete_expired
delete from token_buckets
where updated_at <= :before or updated_at > :after -- sqlite
where ctid = any(array( -- postgresql
    select ctid from token_buckets where updated_at <= :before or updated_at > :after for update skip locked -- postgresql
)) -- postgresql
