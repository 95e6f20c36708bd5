-- Sealed copies: a letter that was sealed or signed in ink after it was drawn up is another file. sha256 is that of
-- the file, which is not kept; nickname: who wrote it down.
create table sealed_copies (
    reference text not null references edition_letters (reference),
    sha256 text not null,
    sealed_on text not null,
    nickname text not null,
    primary key (reference, sha256)
)
