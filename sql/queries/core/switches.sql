-- name: get
select name, value, version, nickname, changed_at, reason from switches where name = :name

-- name: all
select name, value, version, nickname, changed_at, reason from switches order by name

-- name: paused
select name from switches where value = 'paused' order by name

-- name: change
-- Only if it is as it was shown.
insert into switches (name, value, version, nickname, changed_at, reason)
select cast(:name as text), :value, cast(:version as bigint), :nickname, cast(:changed_at as bigint), :reason
where cast(:shown as bigint) = 0 or exists (select 1 from switches where name = cast(:name as text))
on conflict (name) do update set value = excluded.value, version = excluded.version, nickname = excluded.nickname,
    changed_at = excluded.changed_at, reason = excluded.reason
where switches.version = cast(:shown as bigint)
returning name
