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
