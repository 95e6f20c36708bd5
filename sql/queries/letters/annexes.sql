-- name: enabled
select code from enabled_annexes

-- name: enable
insert into enabled_annexes (code, nickname, enabled_on) values (:code, :nickname, :today)
on conflict (code) do nothing
returning code

-- name: disable
delete from enabled_annexes where code = :code returning code

-- name: latest_version
select coalesce(max(version), 0) as version from edition_annexes where edition = :edition and key = :key

-- name: insert_volume
-- If two organisers make the same version at once, the second gets no row.
insert into edition_annexes (reference, edition, key, version, name_count, sha256, issued_on)
values (:reference, :edition, :key, :version, :name_count, :digest, :issued_on)
on conflict (reference) do nothing
returning reference

-- name: volumes_of_edition
select reference, edition, key, version, name_count, sha256, issued_on from edition_annexes
where edition = :edition order by key, version, reference

-- name: find_volume
select a.reference, a.edition, a.key, a.version, a.name_count, a.sha256, a.issued_on,
(select max(b.version) from edition_annexes b where b.edition = a.edition and b.key = a.key) as newest
from edition_annexes a where a.reference = :reference
