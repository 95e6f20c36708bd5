-- name: of_edition
select index_csv, service, reply from time_stamps where edition = :edition

-- name: missing
select e.number from editions e left join time_stamps s on s.edition = e.number where s.edition is null order by e.number

-- name: insert
-- Of two processes that got a time stamp at once, the first is kept.
insert into time_stamps (edition, index_csv, service, reply) values (:edition, :index_csv, :service, :reply)
on conflict (edition) do nothing
returning edition
