-- Weekly figures about how signatures came in; a row is what was published from that Monday on. week: the Monday; since:
-- the first day that was counted. figures is JSON, as published. sums is JSON: the exact sums behind it.
create table quality_weeks (
    week text primary key,
    since text not null,
    figures text not null,
    sums text not null
)
