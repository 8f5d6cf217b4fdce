-- Every right, by name; nothing to anon. What was granted before, by the earlier application or by the project's defaults, goes.

revoke all on public.trained_models, public.modelstore_spaces, public.modelstore_members, public.modelstore_aliases,
  public.modelstore_alias_history, public.modelstore_shares, public.modelstore_events, public.user_model_stats
  from public, anon, authenticated, service_role;
revoke all on all tables in schema modelstore_private from public, anon, authenticated, service_role;
revoke all on all sequences in schema modelstore_private from public, anon, authenticated, service_role;
revoke all on schema modelstore_private from public, anon, authenticated, service_role;

-- A grant on a column is no part of the one on its table.
do $$
declare
  granted record;
begin
  for granted in select distinct table_schema, table_name, column_name, privilege_type, grantee from information_schema.column_privileges
    where table_schema = 'public' and (table_name = 'trained_models' or table_name like 'modelstore\_%' or table_name = 'user_model_stats')
      and grantee in ('PUBLIC', 'anon', 'authenticated', 'service_role') loop
    execute format('revoke %s (%I) on %I.%I from %s', granted.privilege_type, granted.column_name, granted.table_schema, granted.table_name,
      case granted.grantee when 'PUBLIC' then 'public' else quote_ident(granted.grantee) end);
  end loop;
  for granted in select s.relname from pg_catalog.pg_class s where s.relkind = 'S' and s.relnamespace = 'public'::regnamespace
    and s.relname like 'modelstore\_%' loop
    execute format('revoke all on sequence public.%I from public, anon, authenticated, service_role', granted.relname);
  end loop;
end $$;

-- The earlier application's client, under the policies: 20 columns to insert, three to change.
grant select, delete on public.trained_models to authenticated;
grant insert (id, user_id, file_id, model_name, model_type, algorithm, metrics, training_config, model_file_path, model_file_size,
  feature_columns, target_column, training_time_seconds, training_samples, test_samples, status, description, tags, created_at, updated_at)
  on public.trained_models to authenticated;
grant update (description, tags, last_downloaded_at) on public.trained_models to authenticated;
grant select on public.user_model_stats to authenticated;

-- Backups and dashboards read; nobody writes but through the functions, so that no log is edited.
grant select on public.trained_models, public.modelstore_spaces, public.modelstore_members, public.modelstore_aliases,
  public.modelstore_alias_history, public.modelstore_shares, public.modelstore_events, public.user_model_stats to service_role;

do $$
declare
  f record;
begin
  for f in select p.oid::regprocedure as signature from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'modelstore_private' or (n.nspname = 'public' and p.proname like 'modelstore\_%') loop
    execute format('revoke all on function %s from public, anon, authenticated, service_role', f.signature);
  end loop;
end $$;

grant execute on function public.modelstore_list(jsonb) to authenticated;
grant execute on function public.modelstore_find(jsonb) to authenticated;
grant execute on function public.modelstore_names(jsonb) to authenticated;
grant execute on function public.modelstore_facets(jsonb) to authenticated;
grant execute on function public.modelstore_stats(jsonb) to authenticated;
grant execute on function public.modelstore_alias_history(jsonb) to authenticated;
grant execute on function public.modelstore_shared(jsonb) to authenticated;
grant execute on function public.modelstore_whoami(jsonb) to authenticated;
grant execute on function public.modelstore_may_save(jsonb) to authenticated;
grant execute on function public.modelstore_commit(jsonb) to authenticated;
grant execute on function public.modelstore_edit(jsonb) to authenticated;
grant execute on function public.modelstore_record_download(jsonb) to authenticated;
grant execute on function public.modelstore_rename(jsonb) to authenticated;
grant execute on function public.modelstore_set_alias(jsonb) to authenticated;
grant execute on function public.modelstore_remove_alias(jsonb) to authenticated;
grant execute on function public.modelstore_delete(jsonb) to authenticated;
grant execute on function public.modelstore_restore(jsonb) to authenticated;
grant execute on function public.modelstore_purge(jsonb) to authenticated;
grant execute on function public.modelstore_purged(jsonb) to authenticated;
grant execute on function public.modelstore_check(jsonb) to authenticated;
grant execute on function public.modelstore_share(jsonb) to authenticated;
grant execute on function public.modelstore_unshare(jsonb) to authenticated;

-- What policies and a row's triggers call runs as whoever asks. Without usage of the schema none of it can be called by name.
grant execute on function modelstore_private.me_or_null() to authenticated;
grant execute on function modelstore_private.earlier_application() to authenticated;
grant execute on function modelstore_private.my_folders() to authenticated;
grant execute on function modelstore_private.is_listing() to authenticated;
grant execute on function modelstore_private.may_receive(text) to authenticated;
grant execute on function modelstore_private.may_send(text, jsonb) to authenticated;
grant execute on function modelstore_private.may_remove(text, text) to authenticated;
