-- Rows of one table are locked in the order of their key, see LOCKS in petition/core/database/connection.py.
-- A list is an array for PostgreSQL. `expires_at + 0` and `id || ''` match no index, so that a query that has the key
-- of a row uses the key, even with a plan that was made while the table was empty (see
-- petition/core/database/database.py and tests/core/database/test_plans.py).

-- name: insert
-- One row for each form.
insert into submissions (
    id, mailbox, email_hash, country, name, sealed, consent, state, hold_reason, network, disposable, quota, expires_at,
    mailbox_class, domain
)
select id, mailbox, email_hash, country, name, sealed, consent, state, hold_reason, network, disposable, quota, expires_at,
    mailbox_class, domain
from json_to_recordset(cast(:rows as json)) as r ( -- postgresql
    id text, mailbox text, email_hash text, country text, name text, sealed text, consent text, -- postgresql
    state text, hold_reason text, network text, disposable bigint, quota text, expires_at bigint, -- postgresql
    mailbox_class text, domain text -- postgresql
) -- postgresql
from (select -- sqlite
    json_extract(value, '$.id') as id, json_extract(value, '$.mailbox') as mailbox, -- sqlite
    json_extract(value, '$.email_hash') as email_hash, json_extract(value, '$.country') as country, -- sqlite
    json_extract(value, '$.name') as name, json_extract(value, '$.sealed') as sealed, -- sqlite
    json_extract(value, '$.consent') as consent, json_extract(value, '$.state') as state, -- sqlite
    json_extract(value, '$.hold_reason') as hold_reason, json_extract(value, '$.network') as network, -- sqlite
    json_extract(value, '$.disposable') as disposable, json_extract(value, '$.quota') as quota, -- sqlite
    json_extract(value, '$.expires_at') as expires_at, -- sqlite
    json_extract(value, '$.mailbox_class') as mailbox_class, json_extract(value, '$.domain') as domain -- sqlite
from json_each(:rows)) -- sqlite

-- name: signing_state
-- Whether signing has ended for good, and whether an admin has paused it.
select (select count(*) from site_state where name = 'closed') as closed,
    (select count(*) from switches where name = 'signing' and value = 'paused') as paused

-- name: get
-- What a link would confirm, or has confirmed. The link of a probe shows its page, but confirms nothing.
select country, name, sealed, state from submissions
where id = :id and expires_at + 0 > :now and state in ('waiting', 'confirmed', 'probe')

-- name: get_recipient
-- The address that the link was sent to, in every state of the submission.
select email_hash, mailbox from submissions where id = :id and expires_at + 0 > :now

-- name: cancel_of_mailbox
-- Their links confirm nothing any more. The rows stay, so that a second press on "never write" is harmless.
update submissions set state = 'cancelled', hold_reason = null, name = null, sealed = null
where mailbox = :mailbox -- sqlite
where id = any(array(select id from submissions where mailbox = :mailbox order by id || '' for update)) -- postgresql

-- name: lock_waiting
-- The button was pressed; only the first press gets a row.
select id, mailbox, email_hash, country, name, sealed, consent from submissions
where state = 'waiting' and expires_at + 0 > :now and id
in (select value from json_each(:ids)) -- sqlite
= any(array(select json_array_elements_text(cast(:ids as json)))) -- postgresql
order by id
for update -- postgresql

-- name: mark_confirmed
-- That news was wanted stays known; the sealed address does not stay. Whether it was quick is written down only while
-- the other marks of the form are there.
update submissions set state = 'confirmed', sealed = case when sealed is not null then '' end,
    quick = case when mailbox_class is null then null when id
    in (select value from json_each(:quick)) -- sqlite
    = any(array(select json_array_elements_text(cast(:quick as json)))) -- postgresql
    then 1 else 0 end
where id
in (select value from json_each(:ids)) -- sqlite
= any(array(select json_array_elements_text(cast(:ids as json)))) -- postgresql

-- name: delete_of_mailbox
delete from submissions
where mailbox = :mailbox -- sqlite
where id = any(array(select id from submissions where mailbox = :mailbox order by id || '' for update)) -- postgresql

-- name: delete_old_probes
delete from submissions
where mailbox = :mailbox and state = 'probe' and expires_at + 0 <= :now -- sqlite
where id = any(array(select id from submissions -- postgresql
where mailbox = :mailbox and state = 'probe' and expires_at + 0 <= :now order by id || '' for update)) -- postgresql

-- name: count_waiting
-- How many submissions wait for their button.
select count(*) as n from submissions where state = 'waiting' and expires_at > :now

-- name: delete_expired
-- Here and in every other delete_expired: a row that another transaction holds is deleted an hour later.
delete from submissions
where expires_at <= :now -- sqlite
where ctid = any(array(select ctid from submissions where expires_at <= :now for update skip locked)) -- postgresql

-- name: clear_marks
-- Deletes the marks of the forms of a day whose key is destroyed.
update submissions set network = null, domain = null, quick = null, mailbox_class = null
where expires_at = :expires_at and (network is not null or mailbox_class is not null) -- sqlite
where ctid = any(array(select ctid from submissions -- postgresql
where expires_at = :expires_at and (network is not null or mailbox_class is not null) order by id || '' for update)) -- postgresql
