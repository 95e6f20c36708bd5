-- name: of_letter
select reference, kind, issued_at, nickname from follow_ups where letter = :letter order by issued_at, reference

-- name: insert
-- If two organisers make one at once, only one gets the reference.
insert into follow_ups (reference, letter, edition, key, kind, issued_at, nickname, basis, tree, sha256, pdf)
values (:reference, :letter, :edition, :key, :kind, :issued_at, :nickname, :basis, :tree, :digest, :pdf)
on conflict (reference) do nothing
returning reference
