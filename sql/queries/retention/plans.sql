-- name: counts
-- How much there is of what a close, a destroy or a restore takes away.
select
    (select count(*) from signatures) as signatures,
    (select count(*) from names) as names,
    (select count(*) from contacts) as contacts,
    (select count(*) from submissions) as submissions,
    (select count(*) from outbox) as emails,
    (select count(*) from organisers) as organisers

-- name: other_data
-- A row if there is anything else that a restore replaces.
select 1 as found where exists (select 1 from journal) or exists (select 1 from never_write)
    or exists (select 1 from correspondence) or exists (select 1 from corrections)
    or exists (select 1 from source_checks) or exists (select 1 from enabled_annexes)
    or exists (select 1 from sealed_copies)
