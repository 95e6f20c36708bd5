-- name: put
insert into links (id, purpose, subject, mailbox, expires) values (:id, :purpose, :subject, :mailbox, :expires)

-- name: get
select subject, mailbox from links where id = :id and purpose = :purpose and expires > :now

-- name: redeem
-- A link that works once.
delete from links where id = :id and purpose = :purpose and expires > :now returning subject

-- name: drop
-- A withdrawal ends every link to the mailbox.
delete from links
where mailbox = :mailbox -- sqlite
where id = any(array(select id from links where mailbox = :mailbox order by id || '' for update)) -- postgresql

-- name: drop_logins
-- So that an old link lets nobody in as a new organiser with the same nickname.
delete from links where purpose = :purpose and subject = :nickname

-- name: expired
delete from links
where expires <= :now -- sqlite
where ctid = any(array(select ctid from links where expires <= :now for update skip locked)) -- postgresql
