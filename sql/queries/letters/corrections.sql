-- name: all
select key, office, lines, source, checked, note from corrections

-- name: set
insert into corrections (key, office, lines, source, checked, note)
values (:key, :office, :lines, :source, :checked, :note)
on conflict (key) do update set office = excluded.office, lines = excluded.lines, source = excluded.source,
checked = excluded.checked, note = excluded.note

-- name: drop
delete from corrections where key = :key returning key
