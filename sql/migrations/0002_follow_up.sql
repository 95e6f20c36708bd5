-- Sealed copies: a letter that was sealed or signed in ink after it was drawn up is another file. sha256 is that of
-- the file, which is not kept; nickname: who wrote it down.
create table sealed_copies (
    reference text not null references edition_letters (reference),
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
