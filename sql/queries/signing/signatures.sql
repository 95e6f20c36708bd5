-- Rows of one table are taken in the order of their key, see LOCKS in petition/core/database/database.py.
-- A list is an array for PostgreSQL, and `expires + 0` and `id || ''` match no index: a query that has the key of a row uses the key,
-- also with a plan that was made while the table was empty (see petition/core/database/database.py and tests/core/database/test_plans.py).

-- name: displace
-- Makes room: a mailbox has three waiting submissions at most, those of this moment and the newest before
-- them. It does not wait for a row that another transaction holds: that one is being confirmed or deleted.
delete from submissions where id
in ( -- sqlite
= any(array(select id from submissions where id = any(array( -- postgresql
    select id from (
        select id, row_number() over (
            partition by mailbox order by case when id
            in (select value from json_each(:ids)) -- sqlite
            = any(array(select json_array_elements_text(cast(:ids as json)))) -- postgresql
            then 0 else 1 end, expires desc, id
        ) as place
        from submissions where state = 'waiting' and mailbox
        in (select value from json_each(:mailboxes)) -- sqlite
        = any(array(select json_array_elements_text(cast(:mailboxes as json)))) -- postgresql
    ) as ranked where place > 3
) -- sqlite
)) for update skip locked)) -- postgresql

-- name: submit
-- One submission for each filled-in form.
insert into submissions (
    id, mailbox, address, country, name, sealed, consent, state, aside, network, disposable, expires
)
select id, mailbox, address, country, name, sealed, consent, state, aside, network, disposable, expires
from json_to_recordset(cast(:rows as json)) as r ( -- postgresql
    id text, mailbox text, address text, country text, name text, sealed text, consent text, -- postgresql
    state text, aside text, network text, disposable bigint, expires bigint -- postgresql
) -- postgresql
from (select -- sqlite
    json_extract(value, '$.id') as id, json_extract(value, '$.mailbox') as mailbox, -- sqlite
    json_extract(value, '$.address') as address, json_extract(value, '$.country') as country, -- sqlite
    json_extract(value, '$.name') as name, json_extract(value, '$.sealed') as sealed, -- sqlite
    json_extract(value, '$.consent') as consent, json_extract(value, '$.state') as state, -- sqlite
    json_extract(value, '$.aside') as aside, json_extract(value, '$.network') as network, -- sqlite
    json_extract(value, '$.disposable') as disposable, -- sqlite
    json_extract(value, '$.expires') as expires -- sqlite
from json_each(:rows)) -- sqlite

-- name: submission
-- What a link would confirm, or has confirmed.
select country, name, sealed, state from submissions where id = :id and expires + 0 > :now and state in ('waiting', 'confirmed')

-- name: written_to
-- The address a link was sent to, in every state of the submission.
select address, mailbox from submissions where id = :id and expires + 0 > :now

-- name: void_submissions
-- Their links confirm nothing any more; that they were sent is remembered, so that pressing twice is harmless.
update submissions set state = 'void', aside = null, name = null, sealed = null
where mailbox = :mailbox -- sqlite
where id = any(array(select id from submissions where mailbox = :mailbox order by id || '' for update)) -- postgresql

-- name: take
-- The button was pressed: only the first press gets a row.
select id, mailbox, address, country, name, sealed, consent from submissions
where state = 'waiting' and expires + 0 > :now and id
in (select value from json_each(:ids)) -- sqlite
= any(array(select json_array_elements_text(cast(:ids as json)))) -- postgresql
order by id
for update -- postgresql

-- name: taken
-- What was wanted is remembered, no longer the sealed address.
update submissions set state = 'confirmed', sealed = case when sealed is not null then '' end where id
in (select value from json_each(:ids)) -- sqlite
= any(array(select json_array_elements_text(cast(:ids as json)))) -- postgresql

-- name: remove
-- Takes signatures away; their names and contacts go in the same transaction.
delete from signatures where mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select mailbox from signatures where mailbox -- postgresql
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) order by mailbox for update)) -- postgresql
returning country

-- name: drop_names
delete from names where mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) -- postgresql

-- name: drop_contacts
delete from contacts where mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) -- postgresql

-- name: put
-- Signatures in the order of their keys; no row where another server was faster with the same mailbox.
insert into signatures (mailbox, address, country, day, named, updates, consent)
select mailbox, address, country, day, named, updates, consent
from json_to_recordset(cast(:rows as json)) as r ( -- postgresql
    mailbox text, address text, country text, day text, named bigint, updates bigint, consent text -- postgresql
) -- postgresql
from (select -- sqlite
    json_extract(value, '$.mailbox') as mailbox, json_extract(value, '$.address') as address, -- sqlite
    json_extract(value, '$.country') as country, json_extract(value, '$.day') as day, -- sqlite
    json_extract(value, '$.named') as named, json_extract(value, '$.updates') as updates, -- sqlite
    json_extract(value, '$.consent') as consent from json_each(:rows)) -- sqlite
where true order by mailbox
on conflict (mailbox) do nothing
returning mailbox, country

-- name: put_names
insert into names (mailbox, name, state)
select mailbox, name, state from json_to_recordset(cast(:rows as json)) as r (mailbox text, name text, state text) -- postgresql
select -- sqlite
    json_extract(value, '$.mailbox'), json_extract(value, '$.name'), json_extract(value, '$.state') -- sqlite
from json_each(:rows) -- sqlite

-- name: put_contacts
insert into contacts (mailbox, sealed, unsubscribe)
select mailbox, sealed, unsubscribe
from json_to_recordset(cast(:rows as json)) as r (mailbox text, sealed text, unsubscribe text) -- postgresql
from (select -- sqlite
    json_extract(value, '$.mailbox') as mailbox, json_extract(value, '$.sealed') as sealed, -- sqlite
    json_extract(value, '$.unsubscribe') as unsubscribe from json_each(:rows)) -- sqlite

-- name: drop_submissions
delete from submissions
where mailbox = :mailbox -- sqlite
where id = any(array(select id from submissions where mailbox = :mailbox order by id || '' for update)) -- postgresql

-- name: write_again
-- A withdrawal is over when the same mailbox signs again.
delete from never_write where reason = 'withdrawn' and mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select mailbox from never_write where reason = 'withdrawn' and mailbox -- postgresql
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) order by mailbox for update)) -- postgresql

-- name: waiting
-- How many links wait for their button.
select count(*) as n from submissions where state = 'waiting' and expires > :now

-- name: expired
-- Here and for whatever else is over: what somebody has in hand goes an hour later.
delete from submissions
where expires <= :now -- sqlite
where ctid = any(array(select ctid from submissions where expires <= :now for update skip locked)) -- postgresql

-- name: drop_networks
-- The tags of a day whose key is destroyed.
update submissions set network = null
where expires = :expires and network is not null -- sqlite
where ctid = any(array(select ctid from submissions -- postgresql
where expires = :expires and network is not null order by id || '' for update)) -- postgresql

-- name: withdrawals_over
-- A withdrawal is remembered until the oldest backup with the signature is deleted.
delete from never_write
where reason = 'withdrawn' and day < :day -- sqlite
where ctid = any(array(select ctid from never_write -- postgresql
where reason = 'withdrawn' and day < :day for update skip locked)) -- postgresql

-- name: export
-- For the organisers: names to be printed and addresses for news, in the order of a keyed hash, which means in no order.
select s.country, n.name, c.sealed
from signatures s
left join names n on n.mailbox = s.mailbox
left join contacts c on c.mailbox = s.mailbox
where n.name is not null or c.sealed is not null
order by s.mailbox

-- name: chosen
-- All that is kept about each person with a name to be printed or an address for news.
select s.mailbox, s.country, s.day, s.named, s.updates, s.consent, n.name, n.state, c.sealed, c.unsubscribe
from signatures s
left join names n on n.mailbox = s.mailbox
left join contacts c on c.mailbox = s.mailbox
where n.name is not null or c.sealed is not null

-- name: names
-- Names to be printed for one country: passed by an organiser, of signatures that are old enough.
select n.name from names n join signatures s on s.mailbox = n.mailbox
where s.country = :country and n.state = 'passed' and s.day <= :day order by n.name

-- name: named
-- How many names are to be printed, by country.
select s.country, count(*) as n from names n join signatures s on s.mailbox = n.mailbox
where n.state = 'passed' and s.day <= :day group by s.country

-- name: names_by_country
-- How many names are in a state.
select s.country, count(*) as n from names n join signatures s on s.mailbox = n.mailbox
where n.state = :state and s.day <= :day group by s.country order by s.country

-- name: names_in_state
-- In the order of a keyed hash, which means in no order.
select n.mailbox, n.name from names n join signatures s on s.mailbox = n.mailbox
where s.country = :country and n.state = :state and s.day <= :day order by n.mailbox limit :most

-- name: judge
-- If two organisers look at the same name, the first decision counts.
update names set state = :new where state = :old and mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select mailbox from names where mailbox -- postgresql
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) order by mailbox for update)) -- postgresql
returning mailbox
