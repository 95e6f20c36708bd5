-- name: insert
insert into organisers (nickname, email_hash, role, added_on, failed_codes, locked_until, acknowledged_keys)
values (:nickname, :email_hash, :role, :added_on, 0, 0, '')
on conflict do nothing returning nickname

-- name: list
select o.nickname, o.role, o.added_on, (select count(*) from factors f where f.nickname = o.nickname) as factors
from organisers o order by o.nickname

-- name: delete
delete from organisers where nickname = :nickname returning nickname

-- name: get
select nickname, role, acknowledged_keys from organisers where nickname = :nickname

-- name: lock_recipient
-- One login link at a time for a mailbox, across all servers. SQLite has one writer anyway.
select pg_advisory_xact_lock(hashtextextended(:email_hash, 0)) -- postgresql
select :email_hash as locked -- sqlite

-- name: find_recipient
-- Whether an address is an organiser's, whether its mailbox wants no email, and whether it has a fresh link.
select
    (select nickname from organisers where email_hash = :email_hash) as nickname,
    (select count(*) from never_write where mailbox = :mailbox and reason = 'never') as never,
    (select count(*) from links where mailbox = :email_hash and expires_at > :fresh) as fresh_links

-- name: lock
select nickname from organisers where nickname = :nickname
for update -- postgresql

-- name: lock_two
-- Who acts and on whom, in one order: two admins who act on each other wait for one another, and not in a circle.
select nickname, role from organisers where nickname in (:actor, :nickname) order by nickname
for update -- postgresql

-- name: change_role
update organisers set role = :role where nickname = :nickname

-- name: acknowledge_keys
update organisers set acknowledged_keys = :acknowledged_keys where nickname = :nickname
