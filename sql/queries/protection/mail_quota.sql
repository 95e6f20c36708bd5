-- name: lock
-- One decision at a time for a recipient, across all servers; always in the same order. SQLite has one writer anyway.
select pg_advisory_xact_lock(k) from ( -- postgresql
    select distinct hashtextextended(value, 0) as k -- postgresql
    from json_array_elements_text(cast(:keys as json)) as value order by k -- postgresql
) as locks -- postgresql
select :keys as locked -- sqlite

-- name: sent_counts
-- How many emails each recipient got within a day and within two weeks, and whether the mailbox wants no email at all.
select
    asked.mailbox,
    asked.quota_key,
    (
        select coalesce(sum(n), 0) from email_counts m
        where m.quota_key = asked.quota_key and m.purpose = :purpose and hour_ends_at > :day
    ) as day,
    (
        select coalesce(sum(n), 0) from email_counts m
        where m.quota_key = asked.quota_key and m.purpose = :purpose and hour_ends_at > :fortnight
    ) as fortnight,
    (select count(*) from never_write w where w.mailbox = asked.mailbox and reason = 'never') as never
from (
    select distinct mailbox, quota_key
    from json_to_recordset(cast(:rows as json)) as r (mailbox text, quota_key text) -- postgresql
    from (select -- sqlite
        json_extract(value, '$.mailbox') as mailbox, -- sqlite
        json_extract(value, '$.quota_key') as quota_key from json_each(:rows)) -- sqlite
) as asked

-- name: add_sent
insert into email_counts (quota_key, purpose, hour_ends_at, n)
select quota_key, :purpose, :hour_ends_at, n from json_to_recordset(cast(:rows as json)) as r (quota_key text, n bigint) -- postgresql
select json_extract(value, '$.quota_key'), :purpose, :hour_ends_at, json_extract(value, '$.n') from json_each(:rows) -- sqlite
where true
on conflict (quota_key, purpose, hour_ends_at) do update set n = email_counts.n + excluded.n

-- name: give_back
-- The first email that was counted since then, so that what is left is never less than what arrives.
update email_counts set n = n - 1 where quota_key = :quota_key and purpose = :purpose and n > 0 and hour_ends_at = (
    select min(hour_ends_at) from email_counts
    where quota_key = :quota_key and purpose = :purpose and n > 0 and hour_ends_at > :since
)
returning n

-- name: recent_emails
select coalesce(sum(n), 0) as n from email_counts where quota_key = :quota_key

-- name: delete_expired
delete from email_counts
where hour_ends_at <= :fortnight -- sqlite
where ctid = any(array(select ctid from email_counts where hour_ends_at <= :fortnight for update skip locked)) -- postgresql
