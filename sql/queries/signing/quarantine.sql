-- name: hold_submissions
-- Only submissions that wait: a confirmed one is never touched.
update submissions set state = 'held', hold_reason = :reason where state = 'waiting' and id
in (select value from json_each(:ids)) -- sqlite
= any(array(select id from submissions where id -- postgresql
= any(array(select json_array_elements_text(cast(:ids as json)))) order by id for update)) -- postgresql
returning id

-- name: hold_emails
-- Emails that have not left yet. Decoys belong to no submission.
update outbox set urgency = :held where
link_id in (select value from json_each(:ids)) -- sqlite
id = any(array(select id from outbox where link_id -- postgresql
= any(array(select json_array_elements_text(cast(:ids as json)))) order by id || '' for update)) -- postgresql

-- name: release_submissions
update submissions set state = 'waiting', hold_reason = null where
state = 'held' and hold_reason = :reason and expires_at > :now -- sqlite
id = any(array(select id from submissions -- postgresql
where state = 'held' and hold_reason = :reason and expires_at > :now order by id || '' for update)) -- postgresql
returning id

-- name: release_emails
update outbox set urgency = :urgency where urgency = :held and
link_id in (select value from json_each(:ids)) -- sqlite
id = any(array(select id from outbox where link_id -- postgresql
= any(array(select json_array_elements_text(cast(:ids as json)))) order by id || '' for update)) -- postgresql

-- name: count_by_reason
-- How many are held, by reason.
select hold_reason as reason, count(*) as n from submissions where state = 'held' and expires_at > :now
group by hold_reason order by hold_reason

-- name: count_disposable
-- They are only flagged, and treated like all others.
select count(*) as n from submissions where disposable = 1 and state in ('waiting', 'confirmed') and expires_at > :now

-- name: busiest_networks
-- The busiest networks of a day, by how many of their submissions wait.
select network, count(*) as n from submissions where expires_at = :expires_at and state = 'waiting' and network is not null
group by network order by count(*) desc, network limit :limit

-- name: waiting_from_network
select id from submissions where expires_at = :expires_at and state = 'waiting' and network = :network

-- name: recipient
-- The address that the email of this submission or link went to.
select email_hash from submissions where id = :id
union all
select subject as email_hash from links where id = :id
