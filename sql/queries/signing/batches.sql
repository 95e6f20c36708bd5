-- A signature is matched by a form that its mailbox has confirmed; a form has marks for two days or fifteen. `until`:
-- only signatures of days that are over, so that nobody learns of one more by counting again. People who did not say a
-- country is found by no network.

-- name: match
-- In parts, each with the next mailboxes in the order of their keys.
select distinct f.mailbox from submissions f join signatures s on s.mailbox = f.mailbox
where f.mailbox > :after and f.state = 'confirmed' and f.expires_at + 0 > :now and s.batch is null and s.set_aside = 0 and s.confirmed_on <= :until
    and (:country = '' or s.country = :country) and (:day = '' or s.confirmed_on = :day)
    and (:kind = 'disposable' and f.disposable = 1
        or :kind = 'network' and f.network = :value and s.country <> 'ZZ' and f.country <> 'ZZ'
        or :kind = 'day' and s.country <> 'ZZ' and f.country <> 'ZZ')
order by f.mailbox limit :limit

-- name: networks
-- The networks with the most signatures that are in no batch yet; not those, marked by a *, that very many share.
select f.network as tag, count(distinct f.mailbox) as n from submissions f join signatures s on s.mailbox = f.mailbox
where f.state = 'confirmed' and f.expires_at >= :since and f.network not like '*%' and s.batch is null
    and s.set_aside = 0 and s.confirmed_on <= :until and s.country <> 'ZZ' and f.country <> 'ZZ'
group by f.network having count(distinct f.mailbox) >= :least
order by count(distinct f.mailbox) desc, f.network limit :limit

-- name: insert
-- One batch for a rule, also if two choose it at once.
insert into batches (
    id, rule, rule_hash, state, working, size, taken, restored, preview, first_day, kept_by, kept_at, reason, proposed_by,
    proposed_at, agreed_by, done_on
)
values (:id, :rule, :rule_hash, 'choosing', '', 0, 0, 0, '', '', :nickname, :now, '', '', 0, '', '')
on conflict (rule_hash) do nothing returning id

-- name: mark
-- In the order of their keys; none that another batch has by now.
update signatures set batch = :batch where batch is null and set_aside = 0 and mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select mailbox from signatures where mailbox -- postgresql
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) order by mailbox for update)) -- postgresql

-- name: count
select country, count(*) as n, cast(sum(case when named = 1 or updates = 1 then 1 else 0 end) as bigint) as wanted,
    min(confirmed_on) as first_day
from signatures where batch = :batch group by country order by country

-- name: keep
update batches set state = 'kept', size = :size, preview = :preview, first_day = :first_day
where id = :id and state = 'choosing' returning id

-- name: refuse
-- The row stays until the end of the day: to count again on the same day would tell who has gone since.
update batches set state = 'refused', working = 'free' where id = :id and state = 'choosing'

-- name: propose
update batches set state = 'proposed', reason = :reason, proposed_by = :nickname, proposed_at = :now
where id = :id and state = 'kept' returning id

-- name: agree
update batches set state = 'aside', working = 'set', agreed_by = :nickname
where id = :id and state = 'proposed' and proposed_by = :proposed_by and proposed_at = :proposed_at returning id

-- name: dismiss
update batches set state = 'honest', working = 'free' where id = :id and state = :seen and state in ('kept', 'proposed') returning id

-- name: undo
update batches set state = 'restored', working = 'restore'
where id = :id and state = 'aside' and (done_on = '' or done_on >= :oldest) returning id

-- name: get
select id, rule, state, working, size, taken, restored, preview, first_day, kept_by, kept_at, reason, proposed_by,
    proposed_at, agreed_by, done_on
from batches where id = :id and state not in ('choosing', 'refused')

-- name: of_rule
select id from batches where rule_hash = :rule_hash and state not in ('choosing', 'refused')

-- name: all
-- The newest first.
select id, rule, state, working, size, taken, restored, preview, first_day, kept_by, kept_at, reason, proposed_by,
    proposed_at, agreed_by, done_on
from batches where state not in ('choosing', 'refused') order by kept_at desc, id

-- name: done
-- What was set aside and not restored.
select reason, first_day, done_on from batches where done_on <> '' and state <> 'restored' order by done_on, id
