-- name: held
-- Everything that is held about the mailbox of an exact address.
select s.mailbox, s.country, s.day, s.updates, s.consent, n.name
from signatures s left join names n on n.mailbox = s.mailbox
where s.address = :address

-- name: unname
update signatures set named = 0 where address = :address and named = 1 returning mailbox

-- name: drop_name
delete from names where mailbox = :mailbox

-- name: stop_updates
update signatures set updates = 0 where mailbox = :mailbox

-- name: drop_contact
delete from contacts where mailbox = :mailbox

-- name: never_write
-- Enters a mailbox into the list.
insert into never_write (mailbox, reason, day) values (:mailbox, :reason, :day)
on conflict (mailbox, reason) do update set day = excluded.day

-- name: never_write_list
select mailbox, reason, day from never_write
