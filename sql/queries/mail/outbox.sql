-- name: put
insert into outbox (
    id, mail, language, mailbox, submission, key_name, sealed, urgency, since, due, attempts, claimed_until, expires
)
select id, mail, language, mailbox, submission, key_name, sealed, urgency, since, due, 0, 0, expires
from json_to_recordset(cast(:rows as json)) as r ( -- postgresql
    id text, mail text, language text, mailbox text, submission text, key_name text, sealed text, -- postgresql
    urgency bigint, since bigint, due bigint, expires bigint -- postgresql
) -- postgresql
from (select -- sqlite
    json_extract(value, '$.id') as id, -- sqlite
    json_extract(value, '$.mail') as mail, -- sqlite
    json_extract(value, '$.language') as language, -- sqlite
    json_extract(value, '$.mailbox') as mailbox, -- sqlite
    json_extract(value, '$.submission') as submission, -- sqlite
    json_extract(value, '$.key_name') as key_name, -- sqlite
    json_extract(value, '$.sealed') as sealed, -- sqlite
    json_extract(value, '$.urgency') as urgency, -- sqlite
    json_extract(value, '$.since') as since, -- sqlite
    json_extract(value, '$.due') as due, -- sqlite
    json_extract(value, '$.expires') as expires -- sqlite
from json_each(:rows)) -- sqlite

-- name: drop_decoys
delete from outbox
where urgency < 0 -- sqlite
where ctid = any(array(select ctid from outbox where urgency < 0 for update skip locked)) -- postgresql

-- name: claim
-- A batch for one deliverer: rows that are due, that nobody else holds, and whose key is on this machine. No pause is
-- so long that a row is due after :latest: such a row got its time from a clock that was ahead, and is due as well.
update outbox set claimed_until = :until, attempts = attempts + 1 where id in (
    select id from outbox
    where (due <= :now or due > :latest) and claimed_until <= :now and urgency < :held and :keys like '%' || key_name || '%'
    order by urgency, due limit :most
    for update skip locked -- postgresql
)
returning id, mail, language, key_name, sealed, attempts, claimed_until, urgency, due

-- name: renew
-- A row is ours as long as nobody else has taken it since: every claim counts its attempts up.
update outbox set claimed_until = :until where id = :id and attempts = :attempts
returning id

-- name: gone
-- The email has left, or never will: nothing of it stays.
delete from outbox where id = :id
returning id

-- name: sent
delete from outbox where id
in (select value from json_each(:ids)) -- sqlite
= any(array(select id from outbox where id -- postgresql
= any(array(select json_array_elements_text(cast(:ids as json)))) order by id for update)) -- postgresql

-- name: later
-- The relay could not take it now.
update outbox set due = :due, claimed_until = 0 where id = :id and attempts = :attempts

-- name: put_off
-- A claimed email that was not tried, because its provider takes nothing for a while.
update outbox set due = :due, attempts = attempts - 1, claimed_until = 0 where id = :id and attempts = :attempts

-- name: release
-- A claimed email that was not tried after all.
update outbox set attempts = attempts - 1, claimed_until = 0 where id = :id and attempts = :attempts

-- name: refused
-- A permanent refusal: only its code is kept.
insert into refusals (day, code, n) values (:day, :code, 1)
on conflict (day, code) do update set n = refusals.n + 1

-- name: refusals
select code, sum(n) as n from refusals group by code order by code

-- name: drop
delete from outbox
where mailbox = :mailbox -- sqlite
where id = any(array(select id from outbox where mailbox = :mailbox order by id || '' for update)) -- postgresql

-- name: sealed_with
-- Locked, so that if two servers rotate at once the second sees what the first has done.
select id, sealed from outbox where key_name = :key_name order by id || ''
for update -- postgresql

-- name: reseal
update outbox set key_name = :key_name, sealed = :sealed where id = :id and key_name = :old

-- name: waiting
-- Neither decoys nor what is held.
select count(*) as n, coalesce(min(since), 0) as oldest from outbox where urgency >= 0 and urgency < :held

-- name: expired
-- A link that ended with its submission needs no email any more.
delete from outbox
where expires <= :now -- sqlite
where ctid = any(array(select ctid from outbox where expires <= :now for update skip locked)) -- postgresql

-- name: close
delete from outbox
