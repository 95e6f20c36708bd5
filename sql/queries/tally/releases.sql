-- name: oldest
select min(released_at) as released_at from figures

-- name: lock_total
select name from figures where name = 'total'
for update -- postgresql

-- name: lengthen_windows
update figures set window_seconds = :window

-- name: counted
-- By country: what was confirmed before a day, less what was removed before a Monday, and what organisers set aside and
-- restored before today.
select country, cast(sum(case
    when reason = 'restored' or reason like 'aside %' then case when day < :today then n else 0 end
    when (n > 0 and day < :before) or (n < 0 and day < :monday) then n
    else 0 end) as bigint) as n
from journal group by country order by country

-- name: removed
-- How many signatures were removed from one day to another, without those that organisers set aside.
select cast(coalesce(-sum(n), 0) as bigint) as n from journal
where n < 0 and reason not like 'aside %' and day >= :first and day < :before

-- name: figure_at
-- What was published under a name at a moment.
select figure from releases where name = :name and released_at <= :moment order by released_at desc limit 1

-- name: save_figures
-- The process that gets the row makes the release of this time.
insert into figures (name, figure, released_at, window_seconds, remainder)
select name, figure, released_at, window_seconds, remainder
from json_to_recordset(cast(:rows as json)) as r ( -- postgresql
    name text, figure bigint, released_at bigint, window_seconds bigint, remainder bigint -- postgresql
) -- postgresql
from (select -- sqlite
    json_extract(value, '$.name') as name, json_extract(value, '$.figure') as figure, -- sqlite
    json_extract(value, '$.released_at') as released_at, json_extract(value, '$.window_seconds') as window_seconds, -- sqlite
    json_extract(value, '$.remainder') as remainder from json_each(:rows)) -- sqlite
where true order by name
on conflict (name) do update set figure = excluded.figure, released_at = excluded.released_at,
    window_seconds = excluded.window_seconds, remainder = excluded.remainder
where figures.released_at < excluded.released_at
returning name

-- name: raise_total
-- To the sum of the countries, when one of them is released between two releases of the total.
update figures set figure = :figure, remainder = :remainder where name = 'total' and figure < :figure returning name

-- name: set_back
-- A clock was ahead: what it released too early counts as released at the last regular time.
update figures
set window_seconds = case name when 'total' then cast(:total_window as bigint) else cast(:country_window as bigint) end,
    released_at = cast(:now as bigint) - cast(:now as bigint)
        % case name when 'total' then cast(:total_window as bigint) else cast(:country_window as bigint) end
where released_at > :now returning name, figure, released_at

-- name: delete_too_early
delete from releases where released_at > :now
or released_at > (select figures.released_at from figures where figures.name = releases.name)

-- name: insert
insert into releases (name, released_at, figure)
select name, released_at, figure
from json_to_recordset(cast(:rows as json)) as r (name text, released_at bigint, figure bigint) -- postgresql
from (select json_extract(value, '$.name') as name, json_extract(value, '$.released_at') as released_at, -- sqlite
    json_extract(value, '$.figure') as figure from json_each(:rows)) -- sqlite
where true order by name, released_at
on conflict (name, released_at) do update set figure = excluded.figure
