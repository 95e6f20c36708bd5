-- name: newest
-- The newest head of the public log, if there is one: letters print it.
select note from log_heads order by below desc limit 1

-- name: newest_edition
-- Entries are canonical JSON, so an edition is told by this text.
select entry from log_entries where entry like '%"kind":"edition"%' order by n desc limit 1
