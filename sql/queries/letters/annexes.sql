-- name: on
select code from annexes

-- name: turn_on
insert into annexes (code, nickname, day) values (:code, :nickname, :day)
on conflict (code) do nothing
returning code

-- name: turn_off
delete from annexes where code = :code returning code

-- name: latest
select coalesce(max(version), 0) as version from edition_annexes where edition = :edition and key = :key

-- name: put
-- If two make the same version at once, the second gets no row.
insert into edition_annexes (reference, edition, key, version, names, sha256, day)
values (:reference, :edition, :key, :version, :names, :digest, :day)
on conflict (reference) do nothing
returning reference

-- name: of_edition
select reference, edition, key, version, names, sha256, day from edition_annexes
where edition = :edition order by key, version, reference

-- name: find
select a.reference, a.edition, a.key, a.version, a.names, a.sha256, a.day,
(select max(b.version) from edition_annexes b where b.edition = a.edition and b.key = a.key) as newest
from edition_annexes a where a.reference = :reference
