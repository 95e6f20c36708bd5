-- name: lock
-- One row at a time, so that they are numbered without a gap.
select pg_advisory_xact_lock(7431005) -- postgresql
select 1 -- sqlite

-- name: insert
-- Nothing if somebody has written about the sheet since it was seen.
insert into paper_counts (n, country, sheet, version, signatures, counted_on, counted_by, nickname)
select before.n + 1, :country, :sheet, before.version + 1, cast(:signatures as bigint), :counted_on, :counted_by, :nickname
from (select coalesce(max(n), 0) as n,
    coalesce(max(case when country = :country and sheet = :sheet then version end), 0) as version
    from paper_counts) as before
where before.version = :version
returning n

-- name: newest
-- What counts of each sheet; rows: how many rows there are.
select n, country, sheet, version, signatures, counted_on, counted_by, nickname,
    (select count(*) from paper_counts) as rows
from paper_counts p
where version = (select max(version) from paper_counts q where q.country = p.country and q.sheet = p.sheet)
order by country, sheet

-- name: of_sheet
select country, sheet, version, signatures, counted_on, counted_by, nickname from paper_counts
where country = :country and sheet = :sheet order by version desc
