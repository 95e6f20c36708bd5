-- name: insert
insert into outbox (
    id, template, kind, language, mailbox, link_id, key_name, encrypted, urgency, queued_at, due_at, attempts, claim_expires_at,
    expires_at
)
select id, template, kind, language, mailbox, link_id, key_name, encrypted, urgency, queued_at, due_at, 0, 0, expires_at
from json_to_recordset(cast(:rows as json)) as r ( -- postgresql
    id text, template text, kind text, language text, mailbox text, link_id text, key_name text, encrypted text, -- postgresql
    urgency bigint, queued_at bigint, due_at bigint, expires_at bigint -- postgresql
) -- postgresql
from (select -- sqlite
    json_extract(value, '$.id') as id, -- sqlite
    json_extract(value, '$.template') as template, -- sqlite
    json_extract(value, '$.kind') as kind, -- sqlite
    json_extract(value, '$.language') as language, -- sqlite
    json_extract(value, '$.mailbox') as mailbox, -- sqlite
    json_extract(value, '$.link_id') as link_id, -- sqlite
    json_extract(value, '$.key_name') as key_name, -- sqlite
    json_extract(value, '$.encrypted') as encrypted, -- sqlite
    json_extract(value, '$.urgency') as urgency, -- sqlite
    json_extract(value, '$.queued_at') as queued_at, -- sqlite
    json_extract(value, '$.due_at') as due_at, -- sqlite
    json_extract(value, '$.expires_at') as expires_at -- sqlite
from json_each(:rows)) -- sqlite

-- name: claim_batch
-- A batch for one deliverer: rows that are due, that nobody else holds, whose key this machine has, and whose kind no
-- admin has paused. No delay
-- is so long that a row is due after :latest: such a row got its time from a clock that was ahead, and is due too.
-- PostgreSQL may run a subquery in `in (…)` more than once, and would then claim more than :most; an array it runs once.
update outbox set claim_expires_at = :until, attempts = attempts + 1
where id in ( -- sqlite
where id = any(array( -- postgresql
    select id from outbox
    where (due_at <= :now or due_at > :latest) and claim_expires_at <= :now and urgency < :held and :keys like '%' || key_name || '%'
    and kind not in (select name from switches where value = 'paused')
    order by urgency, queued_at, id limit :most
    for update skip locked) -- postgresql
)
returning id, link_id, template, language, key_name, encrypted, attempts, claim_expires_at, urgency, queued_at

-- name: claim_newest
-- Of the most urgent that are due, the latest first: beside a long queue, so that who signs now is not last.
update outbox set claim_expires_at = :until, attempts = attempts + 1
where id in ( -- sqlite
where id = any(array( -- postgresql
    select id from outbox
    where urgency = (
        select min(urgency) from outbox
        where (due_at <= :now or due_at > :latest) and claim_expires_at <= :now and urgency < :held and :keys like '%' || key_name || '%'
        and kind not in (select name from switches where value = 'paused')
    )
    and (due_at <= :now or due_at > :latest) and claim_expires_at <= :now and :keys like '%' || key_name || '%'
    and kind not in (select name from switches where value = 'paused')
    order by urgency desc, queued_at desc, id desc limit :most
    for update skip locked) -- postgresql
)
returning id, link_id, template, language, key_name, encrypted, attempts, claim_expires_at, urgency, queued_at

-- name: claim_probe
-- One email to try a relay in trouble with, due or not: the one that was tried least, so that no email is the probe
-- again and again.
update outbox set claim_expires_at = :until, attempts = attempts + 1
where id in ( -- sqlite
where id = any(array( -- postgresql
    select id from outbox
    where claim_expires_at <= :now and urgency < :held and :keys like '%' || key_name || '%'
    and kind not in (select name from switches where value = 'paused')
    order by attempts, urgency, queued_at, id limit 1
    for update skip locked) -- postgresql
)
returning id, link_id, template, language, key_name, encrypted, attempts, claim_expires_at, urgency, queued_at

-- name: renew_claim
-- A row is ours as long as nobody else has claimed it since: every claim adds one to its attempts. While its kind is
-- paused, nobody has it.
update outbox set claim_expires_at = :until where id = :id and attempts = :attempts
and kind not in (select name from switches where value = 'paused')
returning id

-- name: claimed
-- A row if somebody holds an email. A claim that is longer was made by a clock that was ahead.
select id from outbox where claim_expires_at > :now and claim_expires_at <= :until limit 1

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

-- name: make_due
update outbox set due_at = :now
where attempts > 0 and due_at > :now and claim_expires_at <= :now and urgency < :held -- sqlite
where id = any(array(select id from outbox -- postgresql
where attempts > 0 and due_at > :now and claim_expires_at <= :now and urgency < :held for update skip locked)) -- postgresql

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

-- name: delete_old
delete from outbox
where mailbox = :mailbox and queued_at < :before -- sqlite
where id = any(array(select id from outbox where mailbox = :mailbox and queued_at < :before order by id || '' for update)) -- postgresql

-- name: encrypted_with
-- A page of the rows with one key, in the order of their ids. Not locked: `reencrypt` and `delete_unreadable` look at
-- the key again, so what a rival has done since stays.
select id, link_id, encrypted from outbox where key_name = :key_name and id > :after order by id limit :most

-- name: reencrypt
update outbox set key_name = :key_name, encrypted = :encrypted where id = :id and key_name = :old

-- name: delete_unreadable
delete from outbox where id = :id and key_name = :key_name
returning id

-- name: waiting_by_key
select key_name, count(*) as n from outbox where urgency < :held group by key_name order by key_name

-- name: key_names
select key_name from outbox group by key_name order by key_name

-- name: queue_status
-- Held emails are not counted. One that is paused is not late.
select count(*) as n, coalesce(min(case when kind not in (select name from switches where value = 'paused')
    then queued_at end), 0) as oldest from outbox where urgency < :held

-- name: count_failing
-- How many were tried and not taken, and wait to be tried again.
select count(*) as n from outbox where urgency < :held and attempts > 0 and claim_expires_at <= :now

-- name: count_refused
select coalesce(sum(n), 0) as n from refusals where day >= :since

-- name: waiting_by_kind
-- Decoys are among them, so that nobody sees how many there are.
select kind, count(*) as n from outbox where urgency < :held group by kind order by kind

-- name: expired
-- Emails that waited until their link expired, and what stands for such.
select id, link_id from outbox where expires_at <= :now and urgency < :held order by id limit :most

-- name: delete_held
-- Of what is held: an email whose link has expired, and a decoy, are not needed any more.
delete from outbox
where urgency = :held and (expires_at <= :now or template = :decoy) -- sqlite
where ctid = any(array(select ctid from outbox -- postgresql
where urgency = :held and (expires_at <= :now or template = :decoy) for update skip locked)) -- postgresql

-- name: delete_all
delete from outbox
