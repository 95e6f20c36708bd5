-- name: days_to_count
-- Days that are over, whose marks are still there, and that nobody has counted; yesterday in any case, so that the first
-- form of all is not seen by it.
select day from (select day from daily_keys union select cast(:yesterday as text) as day) as days
where day < :today and day not in (select day from pulse_days) order by day

-- name: count_classes
-- The forms of a day by class of their mailbox. Decoys have none.
select mailbox_class, count(*) as forms, count(case when state = 'confirmed' then 1 end) as confirmed,
    count(case when quick = 1 then 1 end) as quick,
    count(case when state = 'held' and hold_reason = :bounced then 1 end) as returned
from submissions where expires_at = :expires_at and mailbox_class is not null
group by mailbox_class order by mailbox_class

-- name: groups
-- What belongs together among the confirmed forms of a day, the largest first. Nobody without a country is counted.
with forms as (
    select case cast(:kind as text) when 'domain' then domain when 'network' then network else mailbox_class end as tag,
        country, coalesce(network, '') as network, case when state = 'confirmed' then 1 else 0 end as yes,
        coalesce(quick, 0) as quick
    from submissions
    where expires_at = :expires_at and mailbox_class is not null and country <> 'ZZ'
        and (cast(:kind as text) <> 'throw-away' or mailbox_class = 'throw-away')
),
tags as (
    select tag, cast(sum(yes) as bigint) as confirmed, count(*) as forms, cast(sum(yes * quick) as bigint) as quick
    from forms where tag is not null and tag not like :shared group by tag having sum(yes) > 0
    order by sum(yes) desc, tag limit :most
),
countries as (select tag, country, sum(yes) as n from forms group by tag, country),
networks as (select tag, network, sum(yes) as n from forms group by tag, network)
select tag, confirmed, forms, quick,
    (select cast(max(n) as bigint) from countries where countries.tag = tags.tag) as of_country,
    (select cast(max(n) as bigint) from networks where networks.tag = tags.tag) as of_network
from tags order by confirmed desc, tag

-- name: members
-- The confirmed forms of a cluster. Of a network, who signed at leisure from a known provider is left out.
select id, mailbox, country from submissions
where expires_at = :expires_at and state = 'confirmed' and mailbox_class is not null and country <> 'ZZ'
    and case cast(:kind as text) when 'domain' then domain when 'network' then network else mailbox_class end = :tag
    and (cast(:kind as text) <> 'network' or mailbox_class <> 'known' or quick = 1)
order by id

-- name: insert_day
-- The process that gets the row has counted this day.
insert into pulse_days (day, largest_domain, largest_network) values (:day, :largest_domain, :largest_network)
on conflict (day) do nothing returning day

-- name: days
select day, largest_domain, largest_network from pulse_days order by day

-- name: pulse
select day, mailbox_class, forms, confirmed, quick, returned from pulse order by day, mailbox_class

-- name: find_cluster
select handle, day, kind, size, rules from clusters where handle = :handle

-- name: clusters
select handle, day, kind, size, rules from clusters order by day desc, size desc, handle

-- name: notices
select handle, day, signal, subject, cluster, seen, usual, explanation, nickname from notices
order by day desc, signal, subject, seen desc, handle

-- name: recent_notice
select 1 as found from notices where signal = :signal and subject = :subject and day >= :since limit 1

-- name: count_open
select count(*) as n from notices where explanation = ''

-- name: explain
-- The first explanation counts.
update notices set explanation = :explanation, nickname = :nickname where handle = :handle and explanation = ''
returning handle

-- name: reopen
update notices set explanation = '', nickname = '' where handle = :handle and explanation <> ''
returning handle

-- name: delete_old_pulse
delete from pulse where day < :before

-- name: delete_old_days
delete from pulse_days where day < :before

-- name: delete_old_clusters
delete from clusters where day < :before

-- name: delete_old_notices
delete from notices where day < :before
