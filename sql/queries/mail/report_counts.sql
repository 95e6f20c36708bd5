-- name: add
insert into report_counts (day, recognised, n) values (:day, :recognised, 1)
on conflict (day, recognised) do update set n = report_counts.n + 1

-- name: recent
select
    coalesce(sum(case when recognised = 1 then n else 0 end), 0) as recognised,
    coalesce(sum(case when recognised = 0 then n else 0 end), 0) as unknown
from report_counts where day >= :since

-- name: delete_expired
delete from report_counts
where day < :before -- sqlite
where ctid = any(array(select ctid from report_counts where day < :before for update skip locked)) -- postgresql
