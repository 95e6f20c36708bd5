-- name: set
-- Only what waits: what is confirmed stays.
update submissions set state = 'aside', aside = :reason where state = 'waiting' and id
in (select value from json_each(:ids)) -- sqlite
= any(array(select id from submissions where id -- postgresql
= any(array(select json_array_elements_text(cast(:ids as json)))) order by id for update)) -- postgresql
returning id

-- name: hold
-- Email that has not left yet is held; decoys belong to no submission.
update outbox set urgency = :held where
submission_id in (select value from json_each(:ids)) -- sqlite
id = any(array(select id from outbox where submission_id -- postgresql
= any(array(select json_array_elements_text(cast(:ids as json)))) order by id || '' for update)) -- postgresql

-- name: restore
update submissions set state = 'waiting', aside = null where
state = 'aside' and aside = :reason and expires > :now -- sqlite
id = any(array(select id from submissions -- postgresql
where state = 'aside' and aside = :reason and expires > :now order by id || '' for update)) -- postgresql
returning id

-- name: release
update outbox set urgency = :urgency where urgency = :held and
submission_id in (select value from json_each(:ids)) -- sqlite
id = any(array(select id from outbox where submission_id -- postgresql
= any(array(select json_array_elements_text(cast(:ids as json)))) order by id || '' for update)) -- postgresql

-- name: reasons
-- How many are set aside, by reason.
select aside as reason, count(*) as n from submissions where state = 'aside' and expires > :now
group by aside order by aside

-- name: disposable
-- Flagged, and treated like all others.
select count(*) as n from submissions where disposable = 1 and state in ('waiting', 'confirmed') and expires > :now

-- name: networks
-- The busiest networks of a day, by how many of their submissions wait.
select network, count(*) as n from submissions where expires = :expires and state = 'waiting' and network is not null
group by network order by count(*) desc, network limit :most

-- name: of_network
select id from submissions where expires = :expires and state = 'waiting' and network = :network
