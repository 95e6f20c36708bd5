-- name: is_used
-- Whether anything here was made with the keys of the site, or whether a machine that has them runs.
select exists (select 1 from signatures) or exists (select 1 from submissions) or exists (select 1 from never_write)
    or exists (select 1 from organisers) or exists (select 1 from outbox_machines where public_key <> '') as used
