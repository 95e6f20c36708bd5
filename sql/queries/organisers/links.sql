-- name: put
insert into links (id, purpose, subject, mailbox, expires) values (:id, :purpose, :subject, :mailbox, :expires)

-- name: get
select subject, mailbox from links where id = :id and purpose = :purpose and expires > :now

-- name: redeem
-- A link that works once.
delete from links where id = :id and purpose = :purpose and expires > :now returning subject

-- name: drop
-- A withdrawal kills every link to the mailbox.
delete from links where mailbox = :mailbox

-- name: drop_logins
-- Lest the next organiser of that nickname be let in by the last one's link.
delete from links where purpose = :purpose and subject = :nickname

-- name: expired
delete from links where expires <= :now
