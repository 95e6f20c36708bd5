-- name: list_factors
select id, kind, encrypted, counter, added_on from factors where nickname = :nickname order by added_on, id

-- name: without_factor
select nickname from organisers where nickname not in (select nickname from factors) order by nickname

-- name: insert
insert into factors (id, nickname, kind, encrypted, counter, added_on)
values (:id, :nickname, :kind, :encrypted, :counter, :added_on)
on conflict do nothing returning id

-- name: set_counter
-- Only upwards: a code or a passkey's answer is valid once. (Some passkeys have no counter: theirs stays 0.)
update factors set counter = :counter, encrypted = :encrypted
where id = :id and nickname = :nickname and (counter < :counter or (kind = 'passkey' and counter = 0 and :counter = 0))
returning id

-- name: delete
delete from factors where id = :id and nickname = :nickname returning kind

-- name: delete_all
delete from factors where nickname = :nickname

-- name: count_attempt
-- Counts a code before it is checked; no row while codes have to wait.
update organisers set failed_codes = failed_codes + 1 where nickname = :nickname and locked_until <= :now returning failed_codes

-- name: lock_codes
update organisers set locked_until = :locked_until where nickname = :nickname

-- name: reset_attempts
update organisers set failed_codes = 0, locked_until = 0 where nickname = :nickname

-- name: set_challenge
update sessions set challenge = :challenge where id = :id

-- name: get_challenge
select challenge from sessions where id = :id

-- name: clear_challenge
update sessions set challenge = '' where id = :id and challenge = :challenge and challenge <> '' returning id
