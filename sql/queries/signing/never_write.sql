-- name: add
-- Adds a mailbox to the list, or renews its day.
insert into never_write (mailbox, reason, added_on, link_id) values (:mailbox, :reason, :added_on, :link_id)
on conflict (mailbox, reason) do update set added_on = excluded.added_on, link_id = excluded.link_id

-- name: take_back
delete from never_write where link_id = :link_id and reason = 'never'

-- name: list
select mailbox, reason, added_on, link_id from never_write

-- name: delete_withdrawals
-- A withdrawal is over when the same mailbox signs again.
delete from never_write where reason = 'withdrawn' and mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select mailbox from never_write where reason = 'withdrawn' and mailbox -- postgresql
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) order by mailbox for update)) -- postgresql

-- name: delete_old_withdrawals
-- A withdrawal is remembered until the oldest backup with the signature is deleted.
delete from never_write
where reason = 'withdrawn' and added_on < :before -- sqlite
where ctid = any(array(select ctid from never_write -- postgresql
where reason = 'withdrawn' and added_on < :before for update skip locked)) -- postgresql
