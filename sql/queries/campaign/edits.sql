-- name: last_press
select coalesce(max(press), 0) as n from edits

-- name: lock
-- One press at a time, so that they are numbered in their order.
select pg_advisory_xact_lock(7431006) -- postgresql
select 1 -- sqlite

-- name: newest
select kind, key, language, version, value from edits e where version =
(select max(version) from edits x where x.kind = e.kind and x.key = e.key and x.language = e.language)

-- name: deadline_moved
select edited_at from edits where kind = 'deadline' order by version desc limit 1

-- name: save
-- No row comes back if somebody saved another version since `base`.
insert into edits (id, kind, key, language, version, value, press, nickname, edited_at)
select :id, :kind, :key, :language, cast(:base as bigint) + 1, :value, :press, :nickname, :edited_at
where cast(:base as bigint) =
(select coalesce(max(version), 0) from edits where kind = :kind and key = :key and language = :language)
on conflict do nothing returning version

-- name: history
select kind, key, language, version, value, press, nickname, edited_at 
from edits order by press desc, kind, key, language

-- name: forget_nicknames
update edits set nickname = ''
