-- Switches that admins turn at the desk (petition/core/database/switches.py): the value is empty while all is as it
-- would be without them. version counts the changes of one; nickname, changed_at and reason: of the last one.
create table switches (
    name text primary key,
    value text not null,
    version bigint not null,
    nickname text not null,
    changed_at bigint not null,
    reason text not null
)

insert into switches (name, value, version, nickname, changed_at, reason)
select case name when 'proof_mode' then 'proof' else 'mailboxes' end, value, 1, '', 0, '' from site_state
where (name = 'proof_mode' and value in ('on', 'off')) or (name = 'readable_mailboxes' and value = 'warn')

delete from site_state where name in ('proof_mode', 'readable_mailboxes')

-- Which kind of email it is, also of a decoy, which stands for one: a kind can be paused.
alter table outbox add column kind text not null default ''

update outbox set kind = template
