-- Sealed copies: a letter that was sealed or signed in ink after it was drawn up is another file. sha256 is that of
-- the file, which is not kept; nickname: who wrote it down.
create table sealed_copies (
    reference text not null,
    sha256 text not null,
    sealed_on text not null,
    nickname text not null,
    primary key (reference, sha256)
)

-- replied_on: the day of the newest letter that is no answer yet: it was forwarded (forwarded_to: to which office), or an
-- answer will follow. their_reference: that of their file. signed_by: the office that signed, never a person.
alter table correspondence add column replied_on text not null default ''

alter table correspondence add column forwarded_to text not null default ''

alter table correspondence add column their_reference text not null default ''

alter table correspondence add column signed_by text not null default ''

-- Letters that follow a letter of an edition, which is `letter`: kind is `reminder` or `reply`. They never change. The
-- other columns are those of editions and edition_letters.
create table follow_ups (
    reference text primary key,
    letter text not null references edition_letters (reference),
    edition bigint not null,
    key text not null,
    kind text not null,
    issued_at text not null,
    nickname text not null,
    basis text not null,
    tree text not null,
    sha256 text not null,
    pdf text not null
)

create index follow_ups_letter on follow_ups (letter)

-- The time stamp (RFC 3161) of the list of an edition, which is index_csv byte for byte. service: who gave it; reply: what
-- it answered, in base64. Neither changes.
create table time_stamps (
    edition bigint primary key references editions (number),
    index_csv text not null,
    service text not null,
    reply text not null
)
