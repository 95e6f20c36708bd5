-- name: lock
-- One decision at a time for a mailbox, over all servers. SQLite has one writer anyway.
select pg_advisory_xact_lock(hashtextextended(:mailbox, 0)) -- postgresql
select :mailbox as locked -- sqlite

-- name: mailings
-- How often a mailbox was written to within a day and within a fortnight, and whether it wants no mail at all.
select
    (select count(*) from mailings where mailbox = :mailbox and hour > :day) as day,
    (select count(*) from mailings where mailbox = :mailbox and hour > :fortnight) as fortnight,
    (select count(*) from never_write where mailbox = :mailbox and reason = 'never') as never

-- name: mailed
insert into mailings (mailbox, hour) values (:mailbox, :hour)

-- name: expired
delete from mailings where hour <= :fortnight
