-- name: newest
select released_at, figure from releases where name = :name order by released_at desc limit 1

-- name: lost
-- One of these releases that is not there, or with less; the total first.
select kept.name
from json_to_recordset(cast(:rows as json)) as kept (name text, released_at bigint, figure bigint) -- postgresql
from (select json_extract(value, '$.name') as name, json_extract(value, '$.released_at') as released_at, -- sqlite
    json_extract(value, '$.figure') as figure from json_each(:rows)) as kept -- sqlite
left join releases on releases.name = kept.name and releases.released_at = kept.released_at
where coalesce(releases.figure, -1) < kept.figure
order by case kept.name when 'total' then 0 else 1 end, kept.name limit 1
