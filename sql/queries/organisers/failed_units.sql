-- name: all
select name, value from site_state where name like 'failed unit %' order by name
