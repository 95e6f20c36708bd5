-- The public log. Its entries, canonical JSON (petition/log/entries.py), never change and never go: strangers have copies.
-- n: without a gap. first: the n with which its log began, so n - first is its place there; there is a second log only
-- after the key of the first was lost. added_at: when it came into this database (epoch seconds).
create table log_entries (
    n bigint primary key,
    first bigint not null,
    entry text not null,
    added_at bigint not null
)

create index log_entries_begins on log_entries (n) where n = first

-- What was signed: a note (c2sp.org/tlog-checkpoint) about all entries of its log below the n `below`.
create table log_heads (
    below bigint primary key,
    note text not null
)

-- Files beside the log, which its entries name by their hash. kept_until: epoch seconds, 0 for ever.
create table log_files (
    sha256 text primary key,
    content text not null,
    kept_until bigint not null
)

-- Lines with which witnesses have signed a head, as they came back; name: that of the witness.
create table log_cosignatures (
    line text primary key,
    below bigint not null references log_heads (below),
    name text not null,
    unique (below, name)
)

-- Only a database that is about to get another site's rows may lose entries and heads (`petition move`).
create trigger log_entries_unchanged before update on log_entries begin select raise(abort, 'append-only'); end -- sqlite

create trigger log_entries_undeleted before delete on log_entries -- sqlite
when not exists (select 1 from site_state where name = 'arriving') begin select raise(abort, 'append-only'); end -- sqlite

create trigger log_heads_unchanged before update on log_heads begin select raise(abort, 'append-only'); end -- sqlite

create trigger log_heads_undeleted before delete on log_heads -- sqlite
when not exists (select 1 from site_state where name = 'arriving') begin select raise(abort, 'append-only'); end -- sqlite

create function refuse_log_change() returns trigger language plpgsql as $$ begin -- postgresql
if tg_op in ('DELETE', 'TRUNCATE') and exists (select 1 from site_state where name = 'arriving') then return null; end if; -- postgresql
raise exception 'append-only'; end $$ -- postgresql

create trigger log_entries_append_only before update or delete or truncate on log_entries for each statement execute function refuse_log_change() -- postgresql

create trigger log_heads_append_only before update or delete or truncate on log_heads for each statement execute function refuse_log_change() -- postgresql
