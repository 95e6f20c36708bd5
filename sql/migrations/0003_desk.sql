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
