-- name: next_number
select coalesce(max(number), 0) + 1 as number from editions

-- name: insert
-- If two organisers make an edition at once, only one gets the number.
insert into editions (number, issued_at, nickname, basis) values (:number, :issued_at, :nickname, :basis)
on conflict (number) do nothing
returning number

-- name: all
select number, issued_at, nickname, basis from editions order by number desc

-- name: newest
select number, issued_at, nickname, basis from editions order by number desc limit 1

-- name: letters_of_edition
select reference, edition, key, courtesy, sha256 from edition_letters where edition = :number

-- name: find_letter
-- One of an edition, or one that follows it.
select l.reference, l.edition, l.key, l.courtesy, l.sha256, l.tree, e.basis
from edition_letters l join editions e on e.number = l.edition where l.reference = :reference
union all select reference, edition, key, 0 as courtesy, sha256, tree, basis from follow_ups where reference = :reference

-- name: find_reference
-- Of a letter, one that follows it, or an annex. :lowered has letters of ASCII only.
select reference from edition_letters where lower(reference) = :lowered -- sqlite
select reference from edition_letters where lower(reference collate "C") = :lowered -- postgresql
union all select reference from edition_annexes where lower(reference) = :lowered -- sqlite
union all select reference from follow_ups where lower(reference) = :lowered -- sqlite
union all select reference from follow_ups where lower(reference collate "C") = :lowered -- postgresql
union all select reference from edition_annexes where lower(reference collate "C") = :lowered -- postgresql

-- name: letter_pdf
select pdf from edition_letters where reference = :reference
union all select pdf from follow_ups where reference = :reference
