-- What the schema is made of: the table that an object belongs to, its kind, its name, its definition.
-- What belongs to an extension is the extension's. Names are written without the schema, for it is in
-- the search path; what lies elsewhere is written with its own.
with here as (
    select oid from pg_namespace where nspname = current_schema()
), relations as (
    select pg_class.* from pg_class join here on relnamespace = here.oid
), columns as (
    select
        attrelid,
        string_agg(
            concat(
                attname, ' ', format_type(atttypid, atttypmod),
                case when attcollation <> typcollation then ' collate ' || attcollation::regcollation end,
                case when attnotnull then ' not null' end,
                case when attgenerated <> '' then ' generated' end,
                case when attidentity <> '' then ' identity' end,
                ' default ' || pg_get_expr(adbin, adrelid)
            ),
            E'\n' order by attnum
        ) as text
    from pg_attribute
    join pg_type on pg_type.oid = atttypid
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attnum > 0 and not attisdropped
    group by attrelid
)
select
    relname::text,
    case relkind
        when 'r' then 'table' when 'v' then 'view' when 'm' then 'materialized view'
        when 'S' then 'sequence' when 'f' then 'foreign table' else 'partitioned table'
    end,
    relname::text,
    case
        -- PostgreSQL before 16 names the table of each column, later ones do not.
        when relkind in ('v', 'm')
            then regexp_replace(pg_get_viewdef(relations.oid, true), '([ (])events\.', '\1', 'g')
        else concat(case relpersistence when 'u' then E'unlogged\n' end, columns.text)
    end
from relations
left join columns on attrelid = relations.oid
where relkind in ('r', 'v', 'm', 'S', 'f', 'p') and not exists (
    select 1 from pg_depend
    where classid = 'pg_class'::regclass and objid = relations.oid and deptype = 'e'
)
union all
-- A constraint of a table elsewhere that points here too. Whether a column may be null stands with it.
select coalesce(here.relname, there.relname)::text, 'constraint', conname::text,
    concat(case when here.oid is null then conrelid::regclass || ' ' end, pg_get_constraintdef(pg_constraint.oid, true))
from pg_constraint
left join relations as here on here.oid = conrelid
left join relations as there on there.oid = confrelid
where contype not in ('n', 't') and coalesce(here.oid, there.oid) is not null
union all
select relname::text, 'index', indexrelid::regclass::text,
    concat(pg_get_indexdef(indexrelid, 0, true), case when not (indisvalid and indisready) then ' invalid' end)
from pg_index join relations on relations.oid = indrelid
union all
select relname::text, 'trigger', tgname::text,
    concat(
        pg_get_triggerdef(pg_trigger.oid, true),
        case tgenabled when 'D' then ' disabled' when 'R' then ' replica' when 'A' then ' always' end
    )
from pg_trigger join relations on relations.oid = tgrelid
where not tgisinternal
union all
select relname::text, 'rule', rulename::text, pg_get_ruledef(pg_rewrite.oid, true)
from pg_rewrite join relations on relations.oid = ev_class
where rulename <> '_RETURN'
union all
select relname::text, 'policy', polname::text, pg_get_expr(polqual, polrelid)
from pg_policy join relations on relations.oid = polrelid
union all
select relname::text, 'row security', relname::text, ''
from relations where relrowsecurity
union all
-- Its rows show up in the table that it inherits from.
select relname::text, 'child table', inhrelid::regclass::text, ''
from pg_inherits join relations on relations.oid = inhparent
where relkind in ('r', 'p', 'f')
union all
select '', 'function', concat(proname, '(', pg_get_function_identity_arguments(pg_proc.oid), ')'),
    concat(
        'returns ', pg_get_function_result(pg_proc.oid), ' language ', lanname, ' ', provolatile,
        case when prosecdef then ' security definer' end, ' ' || proconfig::text, E'\n', prosrc
    )
from pg_proc
join here on pronamespace = here.oid
join pg_language on pg_language.oid = prolang
where not exists (
    select 1 from pg_depend
    where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e'
)
union all
select '', 'operator', pg_operator.oid::regoperator::text, ''
from pg_operator join here on oprnamespace = here.oid
where not exists (
    select 1 from pg_depend
    where classid = 'pg_operator'::regclass and objid = pg_operator.oid and deptype = 'e'
)
union all
-- While it is another one, no trigger fires.
select '', 'setting', 'session_replication_role', current_setting('session_replication_role')
where current_setting('session_replication_role') <> 'origin'
