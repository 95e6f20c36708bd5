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
