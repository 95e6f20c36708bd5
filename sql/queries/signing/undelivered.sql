-- name: forms
select id, quota, expires_at from submissions where id
in (select value from json_each(:ids)) -- sqlite
= any(array(select json_array_elements_text(cast(:ids as json)))) -- postgresql
order by id

-- name: links
-- A link to log in has no quota.
select id, quota, expires_at from links where quota is not null and id
in (select value from json_each(:ids)) -- sqlite
= any(array(select json_array_elements_text(cast(:ids as json)))) -- postgresql
order by id

-- name: forget_form
update submissions set quota = :quota where id = :id

-- name: forget_link
update links set quota = :quota where id = :id
