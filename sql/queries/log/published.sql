-- What is published, and goes into the log. Nothing here reads a count, the journal or a signature.

-- name: mark
-- Changes with everything that organisers do, and with each release.
select (select coalesce(max(n), 0) from actions) as actions,
    (select coalesce(max(released_at), 0) from figures) as released_at,
    (select cast(coalesce(sum(released_at + figure), 0) as bigint) from figures) as figures,
    (select count(*) from site_state where name = 'closed') as closed

-- name: releases
select name, released_at, figure from releases where released_at > :after order by released_at, name

-- name: figures_at
-- What was published of the total and of each country at a moment.
select name, figure from releases where (name, released_at) in (select name, max(released_at) from releases
    where (name = 'total' or length(name) = 2) and released_at <= :moment group by name)

-- name: editions
select number, issued_at, basis from editions order by number

-- name: letters
select reference, edition, sha256 from edition_letters order by reference

-- name: follow_ups
select reference, edition, issued_at, sha256 from follow_ups order by issued_at, reference

-- name: annexes
select reference, edition, issued_on, name_count, sha256 from edition_annexes order by issued_on, reference

-- name: fingerprint
select sha256 from edition_letters where reference = :reference
union all select sha256 from follow_ups where reference = :reference
union all select sha256 from edition_annexes where reference = :reference
