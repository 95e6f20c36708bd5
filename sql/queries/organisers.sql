-- name: add
insert into organisers (nickname, address, role, since) values (:nickname, :address, :role, :since)
on conflict do nothing returning nickname

-- name: list
select nickname, role, since from organisers order by nickname

-- name: remove
delete from organisers where nickname = :nickname returning nickname

-- name: get
select nickname, role from organisers where nickname = :nickname

-- name: known
select nickname from organisers where address = :address

-- name: begin_session
insert into sessions (id, nickname, seen, expires) values (:id, :nickname, :now, :expires)

-- name: session
select o.nickname, o.role from sessions s join organisers o on o.nickname = s.nickname
where s.id = :id and s.expires > :now

-- name: end_session
delete from sessions where id = :id

-- name: sessions_expired
delete from sessions where expires <= :now

-- name: record
insert into actions (moment, nickname, action, detail) values (:moment, :nickname, :action, :detail)

-- name: actions
select moment, nickname, action, detail from actions order by moment desc limit :most
