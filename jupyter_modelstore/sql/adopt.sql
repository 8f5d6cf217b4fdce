-- Before 001 and in its transaction, where trained_models is there already: take away what would stop our rows, keep every row and column.
-- The policies go (ours replace them), so do a cascade from users (rows would go and their files stay), rules that only the
-- earlier application's rows keep, and names that must be unique (there are versions now).
set local modelstore.adopt = 'yes';
set constraints all immediate;

do $$
declare
  thing record;
  stats text := (select pg_catalog.pg_get_viewdef(c.oid) from pg_catalog.pg_class c
    where c.oid = to_regclass('public.user_model_stats') and c.relkind = 'v');
begin
  if (select rolsuper or not rolbypassrls from pg_catalog.pg_roles where rolname = current_user)
    or (select tableowner from pg_catalog.pg_tables where schemaname = 'public' and tablename = 'trained_models') <> current_user
    or to_regclass('modelstore_private.migrations') is not null then
    return;  -- 001 says why not; or somebody else took it over meanwhile
  end if;
  if stats is not null then
    lock table public.user_model_stats in access exclusive mode;  -- the view before its table, as who reads it does
  end if;
  for thing in select policyname from pg_catalog.pg_policies where (schemaname, tablename) = ('public', 'trained_models') loop
    execute format('drop policy %I on public.trained_models', thing.policyname);
  end loop;
  for thing in select c.conname from pg_catalog.pg_constraint c where c.conrelid = 'public.trained_models'::regclass
    and (c.contype in ('c', 'u') or (c.contype = 'f' and c.confdeltype = 'c')) and c.conname not like 'modelstore\_%' loop
    execute format('alter table public.trained_models drop constraint %I', thing.conname);
  end loop;
  for thing in select i.indexrelid::regclass as name from pg_catalog.pg_index i
    where i.indrelid = 'public.trained_models'::regclass and i.indisunique and not i.indisprimary loop
    execute format('drop index %s', thing.name);
  end loop;
  for thing in select a.attname from pg_catalog.pg_attribute a where a.attrelid = 'public.trained_models'::regclass
    and a.attnotnull and a.attidentity = '' and a.attnum > 0 and a.attname not in ('id', 'user_id', 'model_name') loop
    execute format('alter table public.trained_models alter column %I drop not null', thing.attname);
  end loop;
  if exists (select from information_schema.columns where table_schema = 'public' and table_name = 'trained_models'
    and data_type = 'timestamp without time zone') then
    drop view if exists public.user_model_stats;
    for thing in select column_name as attname from information_schema.columns where table_schema = 'public'
      and table_name = 'trained_models' and data_type = 'timestamp without time zone' loop
      execute format('alter table public.trained_models alter column %1$I type timestamptz using %1$I at time zone ''UTC''', thing.attname);
    end loop;
    if stats is not null then
      execute 'create view public.user_model_stats as ' || stats;
    end if;
  end if;
  -- What the planner has learned of the words in the rows goes: its estimates would tell a stranger which there are. A column that
  -- a view of somebody else's needs keeps what is known of it.
  -- A view asks as its owner, who sees every row. From now on all that are over the table ask as their reader; what a materialised one
  -- holds is for whoever made it.
  for thing in
    with recursive over_it(id) as (
      select 'public.trained_models'::regclass::oid
      union
      select r.ev_class from over_it o join pg_catalog.pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = o.id
        and d.classid = 'pg_rewrite'::regclass join pg_catalog.pg_rewrite r on r.oid = d.objid)
    select c.oid::regclass as name, c.relkind, pg_catalog.pg_has_role(c.relowner, 'usage') as ours
    from over_it o join pg_catalog.pg_class c on c.oid = o.id where c.relkind in ('v', 'm') loop
    if not thing.ours then
      raise exception 'The view % shows rows of trained_models as a role that is not ours.', thing.name using hint = 'Drop it, or give it to postgres; then run this again.';
    elsif thing.relkind = 'v' then
      execute format('alter view %s set (security_invoker = true)', thing.name);
    else
      execute format('revoke all on %s from public, anon, authenticated', thing.name);
    end if;
  end loop;
  for thing in select r.rulename from pg_catalog.pg_rewrite r where r.ev_class = 'public.trained_models'::regclass
    and r.rulename <> '_RETURN' loop
    execute format('drop rule %I on public.trained_models', thing.rulename);  -- a save would go elsewhere
  end loop;
  for thing in select a.attname, format_type(a.atttypid, a.atttypmod) as type from pg_catalog.pg_attribute a
    where a.attrelid = 'public.trained_models'::regclass and a.attnum > 0 and not a.attisdropped and a.attidentity = ''
    and a.attname not in ('id', 'user_id') loop
    begin
      execute format('alter table public.trained_models alter column %I type %s', thing.attname, thing.type);
    exception when feature_not_supported then
      raise notice 'estimates of % stay', thing.attname;
    end;
  end loop;
end $$;
