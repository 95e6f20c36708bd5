-- name: signature
-- The signature of an exact address, with the name if it is to be printed.
select mailbox, country, day, updates, consent,
    (select name from names where names.mailbox = signatures.mailbox) as name,
    (select state from names where names.mailbox = signatures.mailbox) as judged
from signatures where address = :address

-- name: held
-- What else is held about an address (`waiting`) and its mailbox (`mails`, `never`, `withdrawn`).
select
    (
        select count(*) from submissions
        where mailbox = :mailbox and address = :address and state in ('waiting', 'aside') and expires + 0 > :now
    ) as waiting,
    (select coalesce(sum(n), 0) from email_counts where mailbox = :mailbox) as mails,
    (select count(*) from never_write where mailbox = :mailbox and reason = 'never') as never,
    (select count(*) from never_write where mailbox = :mailbox and reason = 'withdrawn') as withdrawn

-- name: unname
update signatures set named = 0 where mailbox = :mailbox

-- name: drop_name
delete from names where mailbox = :mailbox

-- name: stop_updates
update signatures set updates = 0 where mailbox = :mailbox

-- name: unsubscribing
-- Whose news a link ends.
select mailbox from contacts where unsubscribe = :unsubscribe

-- name: drop_contact
delete from contacts where mailbox = :mailbox

-- name: never_write
-- Enters a mailbox into the list.
insert into never_write (mailbox, reason, day) values (:mailbox, :reason, :day)
on conflict (mailbox, reason) do update set day = excluded.day

-- name: never_write_list
select mailbox, reason, day from never_write
