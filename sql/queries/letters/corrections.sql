-- name: all
select key, office, lines, source, checked_on, note from corrections

-- name: save
insert into corrections (key, office, lines, source, checked_on, note)
values (:key, :office, :lines, :source, :checked_on, :note)
on conflict (key) do update set office = excluded.office, lines = excluded.lines, source = excluded.source,
checked_on = excluded.checked_on, note = excluded.note

-- name: delete
delete from corrections where key = :key returning key
