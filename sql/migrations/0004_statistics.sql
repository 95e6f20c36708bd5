-- For its plans, PostgreSQL copies values of columns into pg_statistic, where they stay after their row was deleted. Of
-- tables with rows of people it does that only for columns that tell nothing of one person. To set the type of a column
-- to what it is leaves the table as it is, and drops what was copied.
do $$ declare c record; begin -- postgresql
for c in select table_name as t, column_name as name, data_type as type from information_schema.columns -- postgresql
where table_schema = current_schema() and (table_name in ('names', 'contacts', 'submissions', 'links', 'email_counts', -- postgresql
'never_write', 'daily_keys', 'token_buckets', 'used_proofs', 'outbox', 'outbox_machines', 'outbox_key_copies', -- postgresql
'organisers', 'sessions', 'factors', 'actions') or (table_name = 'signatures' and column_name in ('mailbox', 'email_hash', 'batch'))) -- postgresql
loop execute format('alter table %I alter column %I type %s, alter column %I set statistics 0', c.t, c.name, c.type, c.name); -- postgresql
end loop; end $$ -- postgresql
