-- name: of_letter
select sha256, sealed_on, nickname from sealed_copies where reference = :reference order by sealed_on, sha256

-- name: insert
insert into sealed_copies (reference, sha256, sealed_on, nickname) values (:reference, :digest, :sealed_on, :nickname)
on conflict (reference, sha256) do nothing
returning reference

-- name: delete
delete from sealed_copies where reference = :reference and sha256 = :digest returning reference
