-- name: newest
select released_at, figure from releases where name = :name order by released_at desc limit 1

-- name: release
-- What was published under a name at exactly this moment.
select figure from releases where name = :name and released_at = :moment
