-- name: try_lock
-- One process at a time: whether we have the lock, until this transaction ends.
select pg_try_advisory_xact_lock(7431003) as ours -- postgresql
select 1 as ours -- sqlite

-- name: sum_days
select country, day, reason, cast(sum(n) as bigint) as n from journal where day >= :since
group by country, day, reason order by day, country, reason

-- name: delete_days
delete from journal where day >= :since

-- name: recent_signatures
select mailbox as key from signatures where confirmed_on >= :since and mailbox > :after order by mailbox limit :limit

-- name: recent_names
select n.mailbox as key from names n join signatures s on s.mailbox = n.mailbox
where s.confirmed_on >= :since and n.mailbox > :after order by n.mailbox limit :limit

-- name: recent_contacts
select n.mailbox as key from contacts n join signatures s on s.mailbox = n.mailbox
where s.confirmed_on >= :since and n.mailbox > :after order by n.mailbox limit :limit

-- name: recent_submissions
select id as key from submissions where expires_at + 0 >= :expiry and id > :after order by id limit :limit

-- name: recent_links
select id as key from links where expires_at + 0 >= :midnight and id > :after order by id limit :limit

-- name: recent_email_counts
select distinct quota_key as key from email_counts where hour_ends_at >= :midnight and quota_key > :after
order by quota_key limit :limit

-- name: recent_never_write
select distinct mailbox as key from never_write where added_on >= :since and mailbox > :after order by mailbox limit :limit
