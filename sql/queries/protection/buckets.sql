-- name: merge
-- Adds what one process spent to what all have, less what has come back since; in the order of the keys, so that two
-- servers never wait for each other in a circle.
insert into buckets (id, used, hourly, at)
select id, used, hourly, :now from json_to_recordset(cast(:rows as json)) as r (id text, used bigint, hourly bigint) -- postgresql
select json_extract(value, '$.id') as id, json_extract(value, '$.used'), -- sqlite
    json_extract(value, '$.hourly'), :now from json_each(:rows) -- sqlite
where true order by id
on conflict (id) do update set at = excluded.at, hourly = excluded.hourly, used = excluded.used +
greatest(0, buckets.used - excluded.hourly * greatest(0, excluded.at - buckets.at)) -- postgresql
max(0, buckets.used - excluded.hourly * max(0, excluded.at - buckets.at)) -- sqlite
returning id, used

-- name: expired
delete from buckets
where at <= :before or at > :after -- sqlite
where ctid = any(array( -- postgresql
    select ctid from buckets where at <= :before or at > :after for update skip locked -- postgresql
)) -- postgresql
