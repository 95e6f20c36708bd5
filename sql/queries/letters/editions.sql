-- name: next
select coalesce(max(n), 0) + 1 as n from editions

-- name: put
-- If two make an edition at once, one gets the number.
insert into editions (n, moment, nickname, basis) values (:n, :moment, :nickname, :basis)
on conflict (n) do nothing
returning n

-- name: all
select n, moment, nickname, basis from editions order by n desc

-- name: letters
select reference, edition, key, courtesy, sha256 from edition_letters where edition = :n

-- name: find
select l.reference, l.edition, l.key, l.courtesy, l.sha256, l.tree, e.basis
from edition_letters l join editions e on e.n = l.edition where l.reference = :reference

-- name: pdf
select pdf from edition_letters where reference = :reference
