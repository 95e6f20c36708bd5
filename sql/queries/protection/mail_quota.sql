-- name: lock_mailboxes
-- One decision at a time for a mailbox, across all servers; always in the same order. SQLite has one writer anyway.
select pg_advisory_xact_lock(k) from ( -- postgresql
    select distinct hashtextextended(value, 0) as k -- postgresql
    from json_array_elements_text(cast(:mailboxes as json)) as value order by k -- postgresql
) as keys -- postgresql
select :mailboxes as locked -- sqlite

-- name: sent_counts
-- How many emails each mailbox got within a day and within two weeks, and whether it wants no email at all.
select
    asked.mailbox,
    (select coalesce(sum(n), 0) from email_counts m where m.mailbox = asked.mailbox and hour_ends_at > :day) as day,
    (select coalesce(sum(n), 0) from email_counts m where m.mailbox = asked.mailbox and hour_ends_at > :fortnight) as fortnight,
    (select count(*) from never_write w where w.mailbox = asked.mailbox and reason = 'never') as never
from (
    select distinct value as mailbox
    from json_array_elements_text(cast(:mailboxes as json)) as value -- postgresql
    from json_each(:mailboxes) -- sqlite
) as asked

-- name: add_sent
insert into email_counts (mailbox, hour_ends_at, n)
select mailbox, :hour_ends_at, n from json_to_recordset(cast(:rows as json)) as r (mailbox text, n bigint) -- postgresql
select json_extract(value, '$.mailbox'), :hour_ends_at, json_extract(value, '$.n') from json_each(:rows) -- sqlite
where true
on conflict (mailbox, hour_ends_at) do update set n = email_counts.n + excluded.n

-- name: delete_expired
delete from email_counts
where hour_ends_at <= :fortnight -- sqlite
where ctid = any(array(select ctid from email_counts where hour_ends_at <= :fortnight for update skip locked)) -- postgresql
