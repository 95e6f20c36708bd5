-- name: insert
insert into organisers (nickname, email_hash, role, added_on, failed_codes, locked_until, acknowledged_keys)
values (:nickname, :email_hash, :role, :added_on, 0, 0, '')
on conflict do nothing returning nickname

-- name: list
select nickname, role, added_on from organisers order by nickname

-- name: delete
delete from organisers where nickname = :nickname returning nickname

-- name: get
select nickname, role, acknowledged_keys from organisers where nickname = :nickname

-- name: find_by_email_hash
-- Whether an address is an organiser's, and whether its mailbox wants no email.
select
    (select nickname from organisers where email_hash = :email_hash) as nickname,
    (select count(*) from never_write where mailbox = :mailbox and reason = 'never') as never

-- name: acknowledge_keys
update organisers set acknowledged_keys = :acknowledged_keys where nickname = :nickname
