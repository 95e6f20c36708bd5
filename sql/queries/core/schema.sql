-- name: columns
-- Every column: its type, whether it may be null, and its default.
select t.relname as "table", c.attname as name, format_type(c.atttypid, c.atttypmod) as type, -- postgresql
    c.attnotnull as required, pg_get_expr(d.adbin, d.adrelid) as fallback -- postgresql
from pg_catalog.pg_attribute c join pg_catalog.pg_class t on t.oid = c.attrelid -- postgresql
left join pg_catalog.pg_attrdef d on d.adrelid = c.attrelid and d.adnum = c.attnum -- postgresql
where t.relnamespace = cast(current_schema() as regnamespace) and t.relkind in ('r', 'p') -- postgresql
and c.attnum > 0 and not c.attisdropped -- postgresql
select t.name as "table", c.name, lower(c.type) as type, -- sqlite
    c."notnull" or c.pk as required, c.dflt_value as fallback -- sqlite
from sqlite_master t, pragma_table_info(t.name) c where t.type = 'table' -- sqlite

-- name: indexes
-- Every index that can be used; `constrains`: it belongs to a primary key or a unique constraint, which made its name.
select t.relname as "table", i.relname as name, x.indisprimary as is_key, x.indisunique as is_unique, -- postgresql
    pg_get_expr(x.indpred, x.indrelid) is not null as partial, ( -- postgresql
        select string_agg(pg_get_indexdef(x.indexrelid, n, true), ', ' order by n) -- postgresql
        from generate_series(1, cast(x.indnkeyatts as integer)) n -- postgresql
    ) as columns -- postgresql
from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid -- postgresql
join pg_catalog.pg_class t on t.oid = x.indrelid -- postgresql
where t.relnamespace = cast(current_schema() as regnamespace) and x.indisvalid -- postgresql
select t.name as "table", i.name, i.origin = 'pk' as is_key, i."unique" as is_unique, i.partial, ( -- sqlite
        select group_concat(name, ', ') from (select name from pragma_index_info(i.name) order by seqno) -- sqlite
    ) as columns -- sqlite
from sqlite_master t, pragma_index_list(t.name) i where t.type = 'table' -- sqlite

-- name: references
-- Every column that refers to another table, and whether its row goes with the row that it refers to.
select t.relname as "table", c.attname as name, o.relname as other, f.confdeltype = 'c' as cascades -- postgresql
from pg_catalog.pg_constraint f join pg_catalog.pg_class t on t.oid = f.conrelid -- postgresql
join pg_catalog.pg_class o on o.oid = f.confrelid -- postgresql
join pg_catalog.pg_attribute c on c.attrelid = t.oid and c.attnum = any(f.conkey) -- postgresql
where f.contype = 'f' and t.relnamespace = cast(current_schema() as regnamespace) -- postgresql
select t.name as "table", f."from" as name, f."table" as other, f.on_delete = 'CASCADE' as cascades -- sqlite
from sqlite_master t, pragma_foreign_key_list(t.name) f where t.type = 'table' -- sqlite

-- name: triggers
-- Every trigger that works: what it does, and on PostgreSQL the number of the events that it waits for.
select t.relname as "table", g.tgname as name, cast(g.tgtype as bigint) as events, p.prosrc as text -- postgresql
from pg_catalog.pg_trigger g join pg_catalog.pg_class t on t.oid = g.tgrelid -- postgresql
join pg_catalog.pg_proc p on p.oid = g.tgfoid -- postgresql
where not g.tgisinternal and g.tgenabled in ('O', 'A') -- postgresql
and t.relnamespace = cast(current_schema() as regnamespace) -- postgresql
select tbl_name as "table", name, 0 as events, sql as text from sqlite_master where type = 'trigger' -- sqlite
