-- name: insert
insert into links (id, purpose, subject, mailbox, quota, expires_at)
values (:id, :purpose, :subject, :mailbox, cast(:quota as text), :expires_at)

-- name: get
select subject, mailbox, quota from links where id = :id and purpose = :purpose and expires_at > :now

-- name: redeem
-- For a link that works once.
delete from links where id = :id and purpose = :purpose and expires_at > :now returning subject

-- name: delete_of_mailbox
-- A withdrawal ends every link to the mailbox.
delete from links
where mailbox = :mailbox -- sqlite
where id = any(array(select id from links where mailbox = :mailbox order by id || '' for update)) -- postgresql

-- name: delete_logins
-- So that an old link lets nobody in as a new organiser with the same nickname.
delete from links where purpose = :purpose and subject = :nickname

-- name: delete_expired
delete from links
where expires_at <= :now -- sqlite
where ctid = any(array(select ctid from links where expires_at <= :now for update skip locked)) -- postgresql
