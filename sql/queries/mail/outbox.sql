-- name: insert
insert into outbox (
    id, template, language, mailbox, submission_id, key_name, encrypted, urgency, queued_at, due_at, attempts, claim_expires_at, expires_at
)
select id, template, language, mailbox, submission_id, key_name, encrypted, urgency, queued_at, due_at, 0, 0, expires_at
from json_to_recordset(cast(:rows as json)) as r ( -- postgresql
    id text, template text, language text, mailbox text, submission_id text, key_name text, encrypted text, -- postgresql
    urgency bigint, queued_at bigint, due_at bigint, expires_at bigint -- postgresql
) -- postgresql
from (select -- sqlite
    json_extract(value, '$.id') as id, -- sqlite
    json_extract(value, '$.template') as template, -- sqlite
    json_extract(value, '$.language') as language, -- sqlite
    json_extract(value, '$.mailbox') as mailbox, -- sqlite
    json_extract(value, '$.submission_id') as submission_id, -- sqlite
    json_extract(value, '$.key_name') as key_name, -- sqlite
    json_extract(value, '$.encrypted') as encrypted, -- sqlite
    json_extract(value, '$.urgency') as urgency, -- sqlite
    json_extract(value, '$.queued_at') as queued_at, -- sqlite
    json_extract(value, '$.due_at') as due_at, -- sqlite
    json_extract(value, '$.expires_at') as expires_at -- sqlite
from json_each(:rows)) -- sqlite

-- name: claim_batch
-- A batch for one deliverer: rows that are due, that nobody else holds, and whose key is on this machine. No delay
-- is so long that a row is due after :latest: such a row got its time from a clock that was ahead, and is due too.
update outbox set claim_expires_at = :until, attempts = attempts + 1 where id in (
    select id from outbox
    where (due_at <= :now or due_at > :latest) and claim_expires_at <= :now and urgency < :held and :keys like '%' || key_name || '%'
    order by urgency, queued_at, id limit :most
    for update skip locked -- postgresql
)
returning id, template, language, key_name, encrypted, attempts, claim_expires_at, urgency, queued_at

-- name: renew_claim
-- A row is ours as long as nobody else has claimed it since: every claim adds one to its attempts.
update outbox set claim_expires_at = :until where id = :id and attempts = :attempts
returning id

-- name: delete
-- The email was sent, or never will be: nothing of it stays.
delete from outbox where id = :id
returning id

-- name: delete_sent
delete from outbox where id
in (select value from json_each(:ids)) -- sqlite
= any(array(select id from outbox where id -- postgresql
= any(array(select json_array_elements_text(cast(:ids as json)))) order by id for update)) -- postgresql

-- name: retry_later
-- The mail server could not take it now.
update outbox set due_at = :due_at, claim_expires_at = 0 where id = :id and attempts = :attempts

-- name: postpone
-- A claimed email that was not tried, because its provider takes nothing for a while.
update outbox set due_at = :due_at, attempts = attempts - 1, claim_expires_at = 0 where id = :id and attempts = :attempts

-- name: release
-- A claimed email that was not tried after all.
update outbox set attempts = attempts - 1, claim_expires_at = 0 where id = :id and attempts = :attempts

-- name: count_refusal
-- A permanent refusal: only its code is kept.
insert into refusals (day, code, n) values (:day, :code, 1)
on conflict (day, code) do update set n = refusals.n + 1

-- name: refusal_counts
select code, sum(n) as n from refusals group by code order by code

-- name: delete_to_mailbox
delete from outbox
where mailbox = :mailbox -- sqlite
where id = any(array(select id from outbox where mailbox = :mailbox order by id || '' for update)) -- postgresql

-- name: encrypted_with
-- Locked: if two servers rotate keys at once, the second sees what the first has done.
select id, encrypted from outbox where key_name = :key_name order by id || ''
for update -- postgresql

-- name: reencrypt
update outbox set key_name = :key_name, encrypted = :encrypted where id = :id and key_name = :old

-- name: queue_status
-- Held emails are not counted.
select count(*) as n, coalesce(min(queued_at), 0) as oldest from outbox where urgency < :held

-- name: delete_expired
-- An email whose link has expired is not needed any more, nor is a decoy of a held email.
delete from outbox
where expires_at <= :now or (urgency = :held and template = :decoy) -- sqlite
where ctid = any(array(select ctid from outbox -- postgresql
where expires_at <= :now or (urgency = :held and template = :decoy) for update skip locked)) -- postgresql

-- name: delete_all
delete from outbox
