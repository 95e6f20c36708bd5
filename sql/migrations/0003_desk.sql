-- Marks of a form, for the signals of petition/signals; all are deleted with the key of their day, as `network` is, and a
-- decoy has none. domain: an opaque tag of the domain of the address, only if nobody knows it, and never of who lives in an unsafe
-- country or does not say where. quick: 1 if the button was pressed within twenty seconds of its email, else 0. mailbox_class:
-- `known`, `relay`, `throw-away` or `unknown`. The tag of a network that very many people share begins with `*`.
alter table submissions add column domain text

alter table submissions add column quick bigint

alter table submissions add column mailbox_class text

-- What petition/signals counts once after midnight, of the forms of the day before: sums by class of the mailbox, never by
-- country, hour or person. returned: emails that came back.
create table pulse (
    day text not null,
    mailbox_class text not null,
    forms bigint not null,
    confirmed bigint not null,
    quick bigint not null,
    returned bigint not null,
    primary key (day, mailbox_class)
)
without rowid -- sqlite

-- One row for each day that was counted: the largest number of confirmed forms of one unknown domain and of one network.
create table pulse_days (
    day text primary key,
    largest_domain bigint not null,
    largest_network bigint not null
)

-- Many confirmed forms of one day that belong together. kind: `domain`, `network` or `throw-away`. handle: random for
-- throw-away, else the hash of a tag whose key dies; size: in tens; rules: which of R1 to R4 it breaks, such as `R1 R3`.
create table clusters (
    handle text primary key,
    day text not null,
    kind text not null,
    size bigint not null,
    rules text not null
)

-- What was unusual on a day. signal: see petition/signals/notices.py; subject: a country, or empty; cluster: its handle,
-- or empty; seen and usual: in tens, or in percent; explanation: what an organiser thinks that it was, empty until then.
create table notices (
    handle text primary key,
    day text not null,
    signal text not null,
    subject text not null,
    cluster text not null,
    seen bigint not null,
    usual bigint not null,
    explanation text not null,
    nickname text not null
)

-- When the second factor was last shown in this session (epoch seconds); 0 if none was asked for, as in a demo.
alter table sessions add column factor_shown_at bigint not null default 0

-- Signatures on paper, as organisers counted them. A row says how many are valid on one sheet; of the rows of a sheet the
-- one with the highest version counts, and no row changes. n: in the order in which they were written, without a gap.
-- sheet: a number that the organisers understand, never where it lies.
create table paper_counts (
    n bigint primary key,
    country text not null,
    sheet text not null,
    version bigint not null,
    signatures bigint not null,
    counted_on text not null,
    counted_by text not null,
    nickname text not null,
    unique (country, sheet, version)
)

create trigger paper_counts_unchanged before update on paper_counts begin select raise(abort, 'append-only'); end -- sqlite

create trigger paper_counts_undeleted before delete on paper_counts -- sqlite
when not exists (select 1 from site_state where name = 'destroying') begin select raise(abort, 'append-only'); end -- sqlite

create function refuse_paper_change() returns trigger language plpgsql as $$ begin -- postgresql
if tg_op in ('DELETE', 'TRUNCATE') and exists (select 1 from site_state where name = 'destroying') then return null; end if; -- postgresql
raise exception 'append-only'; end $$ -- postgresql

create trigger paper_counts_append_only before update or delete or truncate on paper_counts for each statement execute function refuse_paper_change() -- postgresql

-- The desk. Names that nobody has looked at are few beside all that were: the overview counts them often.
create index names_new on names (mailbox) where state = 'new'

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

-- Batches: confirmed signatures that look as if a machine had made them, thirty or more, chosen by marks of their forms.
-- id: a random number, so that no key leads from it to a network. rule: kind, country and first and last day, with `-`
-- for any; rule_hash: a keyed hash of the whole rule. state: what became of it; working: what is still to be done for its
-- signatures, empty once it is done. size: how many there were at first; taken, restored: how many were set aside and
-- counted again. preview is JSON: figures in tens as they were counted once. first_day: the first day on which one of
-- them was confirmed; moments are those of organisers.
create table batches (
    id text primary key,
    rule text not null,
    rule_hash text not null unique,
    state text not null,
    working text not null,
    size bigint not null,
    taken bigint not null,
    restored bigint not null,
    preview text not null,
    first_day text not null,
    kept_by text not null,
    kept_at bigint not null,
    reason text not null,
    proposed_by text not null,
    proposed_at bigint not null,
    agreed_by text not null,
    done_on text not null
)

-- batch: the batch of this signature, if it is in one. set_aside = 1: it is counted nowhere.
alter table signatures add column batch text

alter table signatures add column set_aside bigint not null default 0

-- What organisers changed of the campaign at the desk: facts, texts of the appeal, banners, deadline, goal. The newest
-- version of a place (kind, key, language) wins over the file; without a value it is that of the file. press: the number
-- of all that was saved at once. edited_at is ISO text. Append-only; `petition destroy all` takes the nicknames out.
create table edits (
    id text primary key,
    kind text not null,
    key text not null,
    language text not null,
    version bigint not null,
    value text,
    press bigint not null,
    nickname text not null,
    edited_at text not null
)

create trigger edits_unchanged before update on edits -- sqlite
when not exists (select 1 from site_state where name = 'destroying') begin select raise(abort, 'append-only'); end -- sqlite

create trigger edits_undeleted before delete on edits -- sqlite
when not exists (select 1 from site_state where name = 'destroying') begin select raise(abort, 'append-only'); end -- sqlite

create function refuse_other_edits() returns trigger language plpgsql as $$ begin -- postgresql
if exists (select 1 from site_state where name = 'destroying') then return null; end if; -- postgresql
raise exception 'append-only'; end $$ -- postgresql

create trigger edits_append_only before update or delete or truncate on edits for each statement execute function refuse_other_edits() -- postgresql
