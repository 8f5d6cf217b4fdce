-- Tries statements as somebody and undoes them. Run by a superuser; see _judge.py.
create schema if not exists attacks;
create or replace function attacks.state(own text) returns text language plpgsql stable as $$
declare
  table_ text;
  lines text := '';
  part text;
begin
  foreach table_ in array array['public.trained_models', 'public.modelstore_aliases', 'public.modelstore_alias_history',
    'public.modelstore_shares', 'public.modelstore_events', 'public.modelstore_members', 'public.modelstore_spaces',
    'modelstore_private.names', 'modelstore_private.settings', 'modelstore_private.migrations', 'storage.objects', 'storage.buckets', 'auth.users'] loop
    execute format('select string_agg(md5(t::text), '''' order by md5(t::text)) from %s t where $1 = '''' or not attacks.is_own(to_jsonb(t), $1)', table_)
      into part using own;
    lines := lines || coalesce(part, '') || '/';
  end loop;
  return md5(lines);
end $$;

-- A row that somebody may well have made in their own space: it names nothing of another's and says nothing that is not so.
create or replace function attacks.is_own(row_ jsonb, own text) returns boolean language sql immutable as $$
  select own <> '' and coalesce(case when row_ ? 'bucket_id' then row_ ->> 'bucket_id' = 'model-files' and row_ ->> 'name' like own || '/%'
    else row_ ->> 'space_id' = own and coalesce(row_ ->> 'user_id', own) = own and coalesce(row_ ->> 'actor', own) = own
      and coalesce(nullif(row_ ->> 'model_file_path', ''), own || '/') like own || '/%'
      and (row_ ->> 'save_id' is not null or (row_ ->> 'sha256' is null and row_ ->> 'deleted_at' is null
        and coalesce(row_ ->> 'origin', 'legacy') = 'legacy' and row_ ->> 'head_blake3' is null and row_ ->> 'format' is null
        and coalesce((row_ ->> 'model_file_size')::bigint, 0) >= 0 and coalesce((row_ ->> 'version')::int, 1) < 1000)) end, false)
$$;

create or replace function attacks.try(a jsonb) returns jsonb language plpgsql as $$
declare
  said text;
  error text;
  before text;
  state text;
  hint text;
  statement text := a ->> 'statement';
begin
  begin
    if a ->> 'before' <> '' then
      execute a ->> 'before';
    end if;
    if a ->> 'before' like 'update%' then
      before := attacks.state(a ->> 'own');
    end if;
    perform set_config('request.jwt.claims', a ->> 'claims', true), set_config('storage.operation', a ->> 'operation', true);
    execute format('set local role %I', a ->> 'role');
    if statement ~* '^select .* for update$' then
      execute statement into said;
    elsif statement ~* '(^select)|( returning )' then
      execute format('with t as (%s) select string_agg(t::text, E''\\n'') from t', statement) into said;
    else
      execute statement;
    end if;
    execute 'reset role';
    if pg_current_xact_id_if_assigned() is not null then
      state := attacks.state(a ->> 'own');
    end if;
    raise exception 'undo';
  exception when others then
    get stacked diagnostics error = message_text, hint = pg_exception_detail;
    error := case when error = 'undo' then '' else concat_ws(' ', sqlstate, error, hint) end;
  end;
  return jsonb_build_object('said', left(said, 20000), 'error', error, 'state', state, 'before', before);
end $$;

create or replace procedure attacks.run(attempts in out jsonb) language plpgsql as $$
declare
  attempt jsonb;
  results jsonb[] := '{}';
begin
  for attempt in select * from jsonb_array_elements(attempts) loop
    results := results || attacks.try(attempt);
    rollback;
  end loop;
  attempts := to_jsonb(results);
end $$;
