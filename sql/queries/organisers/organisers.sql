-- name: add
insert into organisers (nickname, address, role, since, wrong, wait, seen)
values (:nickname, :address, :role, :since, 0, 0, '')
on conflict do nothing returning nickname

-- name: list
select nickname, role, since from organisers order by nickname

-- name: remove
delete from organisers where nickname = :nickname returning nickname

-- name: get
select nickname, role, seen from organisers where nickname = :nickname

-- name: known
-- Whether an address is an organiser's, and whether its mailbox wants no email.
select
    (select nickname from organisers where address = :address) as nickname,
    (select count(*) from never_write where mailbox = :mailbox and reason = 'never') as never

-- name: saw
update organisers set seen = :seen where nickname = :nickname
