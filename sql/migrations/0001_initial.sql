-- The first schema. A blank line ends a statement; a line that ends in the name of a database is for that one alone.
-- Days are ISO text, moments are seconds since 1970, both in UTC. Nothing here tells from where or when exactly
-- somebody signed.

create table site_state (
    name text primary key,
    value text not null
)

-- Until a transaction that calls it ends, the site does not move to another database. Returns why it may not write: a
-- mark of `petition move`, or `moving` while that holds the lock. The second statement sees what was committed until then.
create function hold_in_place() returns text language plpgsql as $$ begin -- postgresql
if not pg_try_advisory_xact_lock_shared(7431004) then return 'moving'; end if; -- postgresql
return (select max(name) from site_state where name in ('arriving', 'moved')); end $$ -- postgresql

-- One row for each mailbox that confirmed. In every table `mailbox` is a keyed hash of the email address in its
-- canonical form, so that all spellings of one mailbox have one key. It does not tell the order of arrival. email_hash
-- is the keyed hash of the address as it was typed.
create table signatures (
    mailbox text primary key,
    email_hash text not null,
    country text not null,
    confirmed_on text not null,
    named bigint not null,
    updates bigint not null,
    consent text not null
)
without rowid -- sqlite

create index signatures_email_hash on signatures (email_hash)

-- Names to be printed in the letters, only of people who asked for it. state: `new` until an organiser has looked at
-- it, then `approved` or `rejected`.
create table names (
    mailbox text primary key references signatures (mailbox) deferrable initially deferred,
    name text not null,
    state text not null
)
without rowid -- sqlite

-- Only of people who asked for updates: the address and a link to end them, sealed to keys that are not on the server,
-- and the hash of the secret in that link.
create table contacts (
    mailbox text primary key references signatures (mailbox) deferrable initially deferred,
    sealed text not null,
    unsubscribe_hash text not null
)
without rowid -- sqlite

create index contacts_unsubscribe_hash on contacts (unsubscribe_hash)

-- Forms that wait for their button. id is a keyed hash of the reference in the Message-ID of the link's email; name is
-- encrypted with the secret of that link and a key of the server. In the state `held` the link opens nothing and the email is held too, for hold_reason. network
-- is an opaque tag, made with the key of the day; without that key it tells nothing. quota is the quota_key of
-- email_counts, masked with a key of the server; random once the email was given back, and in a decoy.
create table submissions (
    id text primary key,
    mailbox text not null,
    email_hash text not null,
    country text not null,
    name text,
    sealed text,
    consent text not null,
    state text not null,
    hold_reason text,
    network text,
    disposable bigint not null,
    quota text not null,
    expires_at bigint not null
)
without rowid -- sqlite

create index submissions_mailbox on submissions (mailbox)

create index submissions_expires_at on submissions (expires_at)

-- Links that belong to no submission: to manage a signature, to log in. id and quota as in submissions. For a link to
-- log in, subject is the nickname and mailbox the email_hash of the organiser.
create table links (
    id text primary key,
    purpose text not null,
    subject text not null,
    mailbox text,
    quota text,
    expires_at bigint not null
)
without rowid -- sqlite

create index links_mailbox on links (mailbox)

-- How many emails for a purpose (`sign`, `manage`) somebody got recently, by the hour. The limit on emails is counted
-- from it. quota_key is a keyed hash of the address that is in no other table.
create table email_counts (
    quota_key text not null,
    purpose text not null,
    hour_ends_at bigint not null,
    n bigint not null,
    primary key (quota_key, purpose, hour_ends_at)
)
without rowid -- sqlite

-- Mailboxes that want no email (`never`), and those whose signature was withdrawn recently (`withdrawn`). link_id: the id
-- of the link by which that was said; only this link, in an old email, takes `never` back.
create table never_write (
    mailbox text not null,
    reason text not null,
    added_on text not null,
    link_id text not null,
    primary key (mailbox, reason)
)
without rowid -- sqlite

-- Random keys, one for each day. They turn networks and domains into opaque tags, and are destroyed after two days.
create table daily_keys (
    day text primary key,
    random text not null
)

-- How much of a rate limit is used up, by an opaque tag of a network or domain; at most an hour old.
create table token_buckets (
    id text primary key,
    used bigint not null,
    hourly bigint not null,
    updated_at bigint not null
)
without rowid -- sqlite

-- Used proofs of work, until they expire: each counts once.
create table used_proofs (
    id text primary key,
    expires_at bigint not null
)
without rowid -- sqlite

-- Emails that wait, and decoys (template `nothing`) that leave to nobody. encrypted holds the address and the secret of the link, under a key that is destroyed within days.
-- link_id is the row, in submissions or links, that the link of the email leads to.
create table outbox (
    id text primary key,
    template text not null,
    language text not null,
    mailbox text,
    link_id text,
    key_name text not null,
    encrypted text not null,
    urgency bigint not null,
    queued_at bigint not null,
    due_at bigint not null,
    attempts bigint not null,
    claim_expires_at bigint not null,
    expires_at bigint not null
)
without rowid -- sqlite

create index outbox_order on outbox (urgency, queued_at, id)

-- The machines that share the outbox. machine: a random handle; public_key: its newest holder key, empty after a clean
-- stop; mac: made with a key of the server, so that only our machines are believed; seen_at: to the minute.
create table outbox_machines (
    machine text primary key,
    public_key text not null,
    mac text not null,
    seen_at bigint not null
)

-- A copy of each key of the outbox, sealed to the holder key of one other machine; deleted with the key.
create table outbox_key_copies (
    key_name text primary key,
    holder text not null,
    public_key text not null,
    sealed text not null
)

-- Permanent refusals by enhanced status code (RFC 3463); nothing about the person.
create table refusals (
    day text not null,
    code text not null,
    n bigint not null,
    primary key (day, code)
)

-- How many reports of emails that came back named an email of ours (recognised = 1) and how many did not.
create table report_counts (
    day text not null,
    recognised bigint not null,
    n bigint not null,
    primary key (day, recognised)
)

-- Every change of a count, so that it can be counted again. Append-only, except for `prune`: it adds up the rows of a
-- country and day, so that their order does not tell anybody's hour. Every sum stays the same.
create table journal (
    country text not null,
    day text not null,
    reason text not null,
    n bigint not null
)

create trigger journal_unchanged before update on journal begin select raise(abort, 'append-only'); end -- sqlite

create trigger journal_undeleted before delete on journal -- sqlite
when not exists (select 1 from site_state where name = 'reordering') begin select raise(abort, 'append-only'); end -- sqlite

create function refuse_change() returns trigger language plpgsql as $$ begin -- postgresql
if tg_op in ('DELETE', 'TRUNCATE') and exists (select 1 from site_state where name = -- postgresql
case tg_table_name when 'actions' then 'destroying' else 'reordering' end) then return null; end if; -- postgresql
raise exception 'append-only'; end $$ -- postgresql

create trigger journal_append_only before update or delete or truncate on journal for each statement execute function refuse_change() -- postgresql

-- What is published now: `total`, and each country that has a count. released_at: the time of the last release;
-- window_seconds: how long until the next; remainder: a secret of 0 to 9 that is taken off before rounding.
create table figures (
    name text primary key,
    figure bigint not null,
    released_at bigint not null,
    window_seconds bigint not null,
    remainder bigint not null
)

-- Every release of a figure that was ever above zero. `withdrawn`: what was taken off on a Monday, in tens.
create table releases (
    name text not null,
    released_at bigint not null,
    figure bigint not null,
    primary key (name, released_at)
)
without rowid -- sqlite

-- failed_codes: wrong codes since the last right one; locked_until: no code counts before that moment;
-- acknowledged_keys: fingerprints of the public keys that this organiser has seen.
create table organisers (
    nickname text primary key,
    email_hash text not null unique,
    role text not null,
    added_on text not null,
    failed_codes bigint not null,
    locked_until bigint not null,
    acknowledged_keys text not null
)

-- authenticated: a second factor was shown, or none is needed; challenge: what a passkey is asked, used once.
create table sessions (
    id text primary key,
    nickname text not null references organisers (nickname) on delete cascade,
    created_at bigint not null,
    last_used_at bigint not null,
    expires_at bigint not null,
    authenticated bigint not null,
    challenge text not null
)

-- Second factors. id: that of the passkey, or a random one; encrypted: the public key of the passkey or the secret of
-- the app, under PETITION_DESK_KEY; counter: that of the passkey, or the time step of the last code.
create table factors (
    id text primary key,
    nickname text not null references organisers (nickname) on delete cascade,
    kind text not null,
    encrypted text not null,
    counter bigint not null,
    added_on text not null
)

create index factors_nickname on factors (nickname)

-- The activity log: what organisers did, by nickname, numbered without a gap. logged_at is ISO text. Append-only, until
-- `petition destroy all`.
create table actions (
    n bigint primary key,
    logged_at text not null,
    nickname text not null,
    action text not null,
    detail text not null
)

create trigger actions_unchanged before update on actions begin select raise(abort, 'append-only'); end -- sqlite

create trigger actions_undeleted before delete on actions -- sqlite
when not exists (select 1 from site_state where name = 'destroying') begin select raise(abort, 'append-only'); end -- sqlite

create trigger actions_append_only before update or delete or truncate on actions for each statement execute function refuse_change() -- postgresql

-- What was sent to an addressee and what it answered. code: the country of a government, or the key of an institution.
create table correspondence (
    code text primary key,
    sent_on text not null,
    channel text not null,
    edition bigint not null,
    acknowledged_on text not null,
    answered_on text not null,
    stance text not null,
    link text not null
)

-- What an answer says, in a few words, in each language in which somebody has written it down.
create table answer_summaries (
    code text not null,
    language text not null,
    summary text not null,
    primary key (code, language)
)

-- Editions of the letters; they never change. basis is JSON: the published numbers that they quote, and who
-- checked what.
create table editions (
    number bigint primary key,
    issued_at text not null,
    nickname text not null,
    basis text not null
)

-- The letters of an edition and the translations beside them. tree is JSON, pdf the file in base64, sha256 its hash.
create table edition_letters (
    reference text primary key,
    edition bigint not null references editions (number),
    key text not null,
    courtesy bigint not null,
    tree text not null,
    sha256 text not null,
    pdf text not null
)

create index edition_letters_edition on edition_letters (edition)

-- Who last checked that a fact or an address is still right (`fact:viasna-2025-12`, `address:PL`), and on which day.
create table source_checks (
    id text primary key,
    nickname text not null,
    checked_on text not null
)

-- Which addressees get an annex of names, as an admin chose: a country's code or the key of an institution.
create table enabled_annexes (
    code text primary key,
    nickname text not null,
    enabled_on text not null
)

-- Annexes that were handed over, volume by volume. The names are not kept, only their number.
create table edition_annexes (
    reference text primary key,
    edition bigint not null references editions (number),
    key text not null,
    version bigint not null,
    name_count bigint not null,
    sha256 text not null,
    issued_on text not null
)

-- Addresses that an admin has corrected at the desk; they replace those of the file. lines: separated by line ends.
create table corrections (
    key text primary key,
    office text not null,
    lines text not null,
    source text not null,
    checked_on text not null,
    note text not null
)
