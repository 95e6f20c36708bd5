-- name: gaps
-- In a whole table all of these are alike: rows, the last number, and the highest versions of all sheets added up.
-- smallest: 0 unless a count is negative.
select count(*) as n, coalesce(max(n), 0) as last,
    (select cast(coalesce(sum(highest), 0) as bigint) from
        (select max(version) as highest from paper_counts group by country, sheet) as sheets) as versions,
    coalesce(min(case when signatures < 0 then signatures else 0 end), 0) as smallest
from paper_counts

-- name: recount
-- By country, of the first rows: those that no later one of them replaces.
select country, cast(sum(signatures) as bigint) as n from paper_counts counted
where n <= :rows and not exists (select 1 from paper_counts later where later.country = counted.country
    and later.sheet = counted.sheet and later.n > counted.n and later.n <= :rows)
group by country order by country

-- name: editions
select number, basis from editions where basis like '%"paper": {%' order by number
