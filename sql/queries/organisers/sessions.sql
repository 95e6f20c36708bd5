-- name: insert
insert into sessions (id, nickname, created_at, last_used_at, expires_at, authenticated, challenge, factor_shown_at)
values (:id, :nickname, :now, :now, :expires_at, :authenticated, '', :factor_shown_at)

-- name: get
select s.id, s.created_at, s.last_used_at, s.authenticated, s.factor_shown_at, o.nickname, o.role from sessions s join organisers o on o.nickname = s.nickname
where s.id = :id and s.expires_at > :now and s.last_used_at > :idle

-- name: count_factors
-- Whether somebody has a second factor.
select count(*) as n from factors where nickname = :nickname

-- name: record_use
update sessions set last_used_at = :now where id = :id

-- name: record_factor
update sessions set factor_shown_at = :now where id = :id returning id

-- name: list_of_organiser
select id, created_at, last_used_at from sessions where nickname = :nickname and authenticated = 1 and expires_at > :now and last_used_at > :idle
order by created_at desc, id

-- name: delete
delete from sessions where id = :id and nickname = :nickname returning id

-- name: delete_all
delete from sessions where nickname = :nickname

-- name: delete_expired
delete from sessions
where expires_at <= :now or last_used_at <= :idle -- sqlite
where ctid = any(array( -- postgresql
    select ctid from sessions where expires_at <= :now or last_used_at <= :idle for update skip locked -- postgresql
)) -- postgresql
