-- A period is named by its end: a release at its end belongs to it.

-- name: newest
select coalesce(max(released_at), 0) as released_at from releases

-- name: hours
-- The last total of each hour in which there was a release.
select (released_at + 3599) / 3600 as period, figure from releases
where (name, released_at) in (select name, max(released_at) from releases
    where name = 'total' group by name, (released_at + 3599) / 3600) order by released_at

-- name: days
-- The last figure of each country and day in which there was a release.
select name, (released_at + 86399) / 86400 as period, figure from releases
where (name, released_at) in (select name, max(released_at) from releases
    where length(name) = 2 group by name, (released_at + 86399) / 86400) order by name, released_at

-- name: withdrawn
select released_at, figure from releases where name = :name order by released_at

-- name: removals
-- What organisers set aside, by reason, and what they restored.
select name, released_at, figure from releases where name = 'restored' or name like 'aside %' order by released_at, name
