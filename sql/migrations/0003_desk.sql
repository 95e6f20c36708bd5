-- When the second factor was last shown in this session (epoch seconds); 0 if none was asked for, as in a demo.
alter table sessions add column factor_shown_at bigint not null default 0
