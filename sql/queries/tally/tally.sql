-- name: insert_journal
-- A day whose midnight was released is closed: an entry that comes later counts for the day of that release.
insert into journal (country, day, reason, n)
select country, greatest(day, coalesce((select to_char(to_timestamp(released_at) at time zone 'UTC', 'YYYY-MM-DD') -- postgresql
from figures where name = 'total'), '')), reason, n -- postgresql
from json_to_recordset(cast(:rows as json)) as r (country text, day text, reason text, n bigint) -- postgresql
select json_extract(value, '$.country'), max(json_extract(value, '$.day'), coalesce((select -- sqlite
date(released_at, 'unixepoch') from figures where name = 'total'), '')), -- sqlite
    json_extract(value, '$.reason'), json_extract(value, '$.n') from json_each(:rows) -- sqlite

-- name: any_entry
select 1 as found from journal limit 1

-- name: figures
select name, figure, released_at, window_seconds, remainder from figures order by name
