-- The audit of the log has statements of its own: it shares none with what writes the log.

-- name: total
-- What was published in total at a moment.
select figure from releases where name = 'total' and released_at <= :moment order by released_at desc limit 1

-- name: times
-- When the total was released.
select released_at from releases where name = 'total' order by released_at

-- name: countries
-- What was published of each country at a moment.
select name, figure from releases where (name, released_at) in (select name, max(released_at) from releases
    where length(name) = 2 and released_at <= :moment group by name) order by name

-- name: removals
-- What was published of withdrawn, set aside and restored signatures; under ten nothing is said.
select name, released_at, figure from releases
where figure >= 10 and (name in ('withdrawn', 'restored') or name like 'aside %') order by released_at, name

-- name: files
select sha256, content from log_files

-- name: letters
select edition, reference, sha256 from edition_letters union all
select 0 as edition, reference, sha256 from follow_ups union all select 0 as edition, reference, sha256 from edition_annexes

-- name: answers
select code, sent_on, edition, acknowledged_on, answered_on, stance from correspondence order by code

-- name: newest
-- When something was last logged.
select coalesce(max(added_at), 0) as added_at from log_entries
