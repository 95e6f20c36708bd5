-- name: displace
-- Makes room: a mailbox has three waiting submissions at most, the newest ones.
delete from submissions where id in (
    select id from submissions where mailbox = :mailbox and state = 'waiting'
    order by expires desc, id limit 1000 offset 2
)

-- name: submit
-- A submission of its own for each filled-in form.
insert into submissions (id, mailbox, address, country, name, sealed, consent, state, expires)
values (:id, :mailbox, :address, :country, :name, :sealed, :consent, 'waiting', :expires)

-- name: submission
-- What a link would confirm, or has confirmed.
select country, name, sealed, state from submissions where id = :id and expires > :now and state <> 'void'

-- name: mailbox
-- The mailbox a link was sent to, whatever has become of the submission.
select mailbox from submissions where id = :id and expires > :now

-- name: void_submissions
-- Their links confirm nothing any more; that they were sent is remembered, so that pressing twice is harmless.
update submissions set state = 'void', name = null, sealed = null where mailbox = :mailbox

-- name: take
-- The button was pressed: only the first press gets a row.
update submissions set state = 'confirmed' where id = :id and state = 'waiting' and expires > :now
returning mailbox, address, country, name, sealed, consent

-- name: remove
-- Takes a signature away, with its name and contact.
delete from signatures where mailbox = :mailbox returning country

-- name: put
-- The signature; no row if another server was faster with the same mailbox.
insert into signatures (mailbox, address, country, day, named, updates, consent)
values (:mailbox, :address, :country, :day, :named, :updates, :consent)
on conflict (mailbox) do nothing
returning mailbox

-- name: put_name
insert into names (mailbox, name) values (:mailbox, :name)

-- name: contact_moved
-- The confirmed submissions of a mailbox remember that news were wanted, no longer the address.
update submissions set sealed = '' where mailbox = :mailbox and state = 'confirmed' and sealed is not null

-- name: put_contact
insert into contacts (mailbox, sealed) values (:mailbox, :sealed)

-- name: drop_submissions
delete from submissions where mailbox = :mailbox

-- name: write_again
-- A withdrawal is over once the same mailbox signs anew.
delete from never_write where mailbox = :mailbox and reason = 'withdrawn'

-- name: waiting
-- How many links wait for their button.
select count(*) as n from submissions where state = 'waiting' and expires > :now

-- name: expired
delete from submissions where expires <= :now

-- name: withdrawals_over
-- A withdrawal is remembered until the oldest backup that knew the signature is dead.
delete from never_write where reason = 'withdrawn' and day < :day

-- name: export
-- For the organisers: in the order of a keyed hash, that is in none.
select s.country, s.day, n.name, c.sealed
from signatures s
left join names n on n.mailbox = s.mailbox
left join contacts c on c.mailbox = s.mailbox
order by s.mailbox

-- name: names
-- Names to be printed for one country.
select n.name from names n join signatures s on s.mailbox = n.mailbox where s.country = :country order by n.name

-- name: named
-- How many asked to be named, by country.
select country, count(*) as n from signatures where named = 1 group by country

-- name: close_signatures
delete from signatures

-- name: close_submissions
delete from submissions

-- name: close_mailings
delete from mailings

-- name: close_never_write
delete from never_write

-- name: close_links
delete from links
