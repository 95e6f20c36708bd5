-- name: begin
insert into sessions (id, nickname, begun, seen, expires, whole, challenge)
values (:id, :nickname, :now, :now, :expires, :whole, '')

-- name: get
select s.id, s.begun, s.seen, s.whole, o.nickname, o.role from sessions s join organisers o on o.nickname = s.nickname
where s.id = :id and s.expires > :now and s.seen > :idle

-- name: armed
-- Whether somebody has a second factor.
select count(*) as n from factors where nickname = :nickname

-- name: touch
update sessions set seen = :now where id = :id

-- name: of
select id, begun, seen from sessions where nickname = :nickname and whole = 1 and expires > :now and seen > :idle
order by begun desc, id

-- name: end
delete from sessions where id = :id and nickname = :nickname returning id

-- name: end_all
delete from sessions where nickname = :nickname

-- name: expired
delete from sessions
where expires <= :now or seen <= :idle -- sqlite
where ctid = any(array( -- postgresql
    select ctid from sessions where expires <= :now or seen <= :idle for update skip locked -- postgresql
)) -- postgresql
