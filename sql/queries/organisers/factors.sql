-- name: of
select id, kind, sealed, used, since from factors where nickname = :nickname order by since, id

-- name: put
insert into factors (id, nickname, kind, sealed, used, since)
values (:id, :nickname, :kind, :sealed, :used, :since)
on conflict do nothing returning id

-- name: use
-- Only upwards: a code or a passkey's answer is valid once. (Some passkeys have no counter: theirs stays 0.)
update factors set used = :used, sealed = :sealed
where id = :id and nickname = :nickname and (used < :used or (kind = 'passkey' and used = 0 and :used = 0))
returning id

-- name: drop
delete from factors where id = :id and nickname = :nickname returning kind

-- name: drop_all
delete from factors where nickname = :nickname

-- name: try
-- Counts a code before it is checked; no row while codes have to wait.
update organisers set wrong = wrong + 1 where nickname = :nickname and wait <= :now returning wrong

-- name: wait
update organisers set wait = :until where nickname = :nickname

-- name: forgive
update organisers set wrong = 0, wait = 0 where nickname = :nickname

-- name: ask
update sessions set challenge = :challenge where id = :id

-- name: challenge
select challenge from sessions where id = :id

-- name: answered
update sessions set challenge = '' where id = :id and challenge = :challenge and challenge <> '' returning id
