-- What can be asked. One JSON argument and one JSON answer each: a new field makes no second function, and what a user typed
-- is a value, never a piece of SQL.

-- A row as the client's ModelRecord reads it.
create or replace function modelstore_private.record_of(m public.trained_models) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object(
    'id', m.id, 'user_id', m.user_id, 'space_id', m.space_id, 'save_id', m.save_id, 'file_id', m.file_id,
    'model_name', coalesce(m.model_name, ''), 'version', m.version, 'status', m.state,
    'model_type', coalesce(m.model_type, 'other'), 'algorithm', coalesce(m.algorithm, ''),
    'description', coalesce(m.description, ''), 'tags', to_jsonb(coalesce(m.tags, '{}')),
    'metrics', modelstore_private.or_nothing(m.metrics), 'training_config', modelstore_private.or_nothing(m.training_config),
    'feature_columns', to_jsonb(m.feature_columns), 'target_column', m.target_column,
    'training_time_seconds', m.training_time_seconds, 'training_samples', m.training_samples, 'test_samples', m.test_samples,
    'model_file_path', case when m.state = 'purged' then '' else coalesce(m.model_file_path, '') end,
    'model_file_size', greatest(m.model_file_size, 0), 'sha256', m.sha256, 'head_blake3', m.head_blake3
  ) || jsonb_build_object(
    'format', coalesce(m.format, 'pickle'), 'format_version', coalesce(m.format_version, 0), 'origin', m.origin,
    'environment', modelstore_private.or_nothing(m.environment), 'source', modelstore_private.or_nothing(m.source),
    'signature', modelstore_private.or_nothing(m.signature),
    'extra', modelstore_private.or_nothing(m.extra)
      || case when m.save_id is null and m.state <> 'purged' then jsonb_build_object('legacy_status', m.status) else '{}' end,
    'created_at', modelstore_private.iso(coalesce(m.created_at, 'epoch')), 'updated_at', modelstore_private.iso(coalesce(m.updated_at, m.created_at, 'epoch')),
    'last_downloaded_at', modelstore_private.iso(m.last_downloaded_at), 'deleted_at', modelstore_private.iso(m.deleted_at),
    'aliases', to_jsonb(array(select a.alias from public.modelstore_aliases a where a.space_id = m.space_id
      and a.name_key = m.name_key and a.version = m.version order by a.alias_key))
  )
$$;

create or replace function modelstore_private.by_id(model uuid) returns public.trained_models language sql stable set search_path = '' as $$
  select m from public.trained_models m where m.id = model
$$;

-- The version that a name means: the newest ready one, else the newest whose file is missing.
create or replace function modelstore_private.newest(space uuid, called text, at timestamptz default null)
returns public.trained_models language sql stable set search_path = '' as $$
  select m from public.trained_models m
  where m.space_id = space and m.name_key = called and m.state in ('ready', 'missing')
    and case when at is null then m.deleted_at is null else m.created_at <= at and (m.deleted_at is null or m.deleted_at > at) end
  order by m.state desc, m.version desc limit 1
$$;

-- What is searched for becomes conditions of one statement, which the server plans as a whole and cannot be stopped from: so, few.
create or replace function modelstore_private.words_of(q jsonb) returns text[] language plpgsql immutable set search_path = '' as $$
begin
  if char_length(q ->> 'words') > 1000 then
    perform modelstore_private.refuse(400, 'invalid_value', 'A search has at most 1,000 characters.');
  end if;
  return array_remove(regexp_split_to_array(modelstore_private.key_of(coalesce(q ->> 'words', '')), '\s+'), '');
end $$;

create or replace function modelstore_private.require_few(q jsonb) returns void language plpgsql immutable set search_path = '' as $$
begin
  if cardinality(modelstore_private.words_of(q)) > 100 or cardinality(modelstore_private.texts(q -> 'tags')) > 50
    or (jsonb_typeof(q -> 'metrics') = 'object' and (select count(*) from jsonb_object_keys(q -> 'metrics')) > 50) then
    perform modelstore_private.refuse(400, 'invalid_value', 'A search has at most 100 words, 50 tags and 50 metrics.');
  end if;
end $$;

-- The newest of each name in the space $1: an index holds them in this order, with all columns that are told here.
create or replace function modelstore_private.newest_of_all() returns text language sql immutable set search_path = '' as $$
  select 'select distinct on (n.name_key) n.id, n.space_id, n.name_key, n.version, n.created_at from public.trained_models n'
    || ' where n.space_id = $1 and n.deleted_at is null and n.state in (''ready'', ''missing'')'
    || ' order by n.name_key, n.state desc, n.version desc'
$$;

-- Whether a query wants whatever there is.
create or replace function modelstore_private.is_plain(q jsonb) returns boolean language sql immutable set search_path = '' as $$
  select coalesce(q ->> 'name', q ->> 'algorithm', q ->> 'model_type') is null and cardinality(modelstore_private.words_of(q)) = 0
    and coalesce(q -> 'tags', '[]') in ('[]', 'null') and coalesce(q -> 'metrics', '{}') in ('{}', 'null')
$$;

-- The rows that a query finds: $1 is the space, $2 the query, $3 its words. The terms are values; only the presence of a
-- term chooses among fixed texts.
create or replace function modelstore_private.condition_of(q jsonb) returns text language plpgsql immutable set search_path = '' as $$
declare
  terms text[] := array['m.space_id = $1'];
begin
  perform modelstore_private.require_few(q);
  if modelstore_private.yes(q, 'deleted') then
    terms := terms || 'm.deleted_at is not null and m.state <> ''purged'''::text;
  elsif modelstore_private.yes(q, 'all_versions') then
    terms := terms || 'm.deleted_at is null and m.state <> ''purged'''::text;
  else
    terms := terms || format('m.id in (select newest.id from (%s) newest)', modelstore_private.newest_of_all());
  end if;
  terms := terms || array(select format('strpos(m.search, $3[%s]) > 0', n) from generate_series(1, cardinality(modelstore_private.words_of(q))) n);
  if jsonb_typeof(q -> 'tags') = 'array' and q -> 'tags' <> '[]' then
    terms := terms || array(select format('strpos(m.search, modelstore_private.key_of($2 #>> ''{tags,%s}'')) > 0', n - 1)
      from generate_series(1, jsonb_array_length(q -> 'tags')) n);  -- most rows are told by this, cheaply
    terms := terms || ('array(select modelstore_private.key_of(w) from jsonb_array_elements_text($2 -> ''tags'') w)'
      || ' <@ array(select modelstore_private.key_of(t) from unnest(m.tags) t)');
  end if;
  if q ->> 'name' is not null then
    terms := terms || 'm.name_key = modelstore_private.key_of($2 ->> ''name'')'::text;
  end if;
  if q ->> 'algorithm' is not null then
    terms := terms || 'm.algorithm = $2 ->> ''algorithm'''::text;
  end if;
  if q ->> 'model_type' is not null then
    terms := terms || 'coalesce(m.model_type, ''other'') = $2 ->> ''model_type'''::text;
  end if;
  if jsonb_typeof(q -> 'metrics') = 'object' and q -> 'metrics' <> '{}' then
    terms := terms || ('not exists (select from jsonb_each($2 -> ''metrics'') as w(metric, range)'
      || ' where (modelstore_private.number_of(m.metrics, metric)'
      || ' between coalesce((range ->> 0)::double precision, ''-infinity'') and coalesce((range ->> 1)::double precision, ''infinity''))'
      || ' is not true)');
  end if;
  return array_to_string(terms, ' and ');
end $$;

create or replace function modelstore_private.order_of(sort text) returns text language plpgsql immutable set search_path = '' as $$
declare
  direction text := case when sort like '-%' then 'desc' else 'asc' end;
  said text := ltrim(sort, '-');
  expression text;
begin
  if said like 'metrics.%' then
    return 'modelstore_private.number_of(m.metrics, substr(ltrim($2 ->> ''sort'', ''-''), 9)) ' || direction
      || ' nulls last, m.created_at desc, m.version desc, m.id';
  end if;
  expression := case said when 'created_at' then 'm.created_at' when 'updated_at' then 'm.updated_at' when 'name' then 'm.name_key'
    when 'model_name' then 'm.name_key' when 'version' then 'm.version' when 'size' then 'm.model_file_size'
    when 'model_file_size' then 'm.model_file_size' when 'algorithm' then 'm.algorithm collate "C"' end;
  if expression is null then
    perform modelstore_private.refuse(400, 'invalid_value', 'Models cannot be sorted by that.',
      'Sort by one of algorithm, created_at, model_file_size, model_name, updated_at, version, metrics.NAME.');
  end if;
  return expression || ' ' || direction || case when said = 'created_at' then '' else ', m.created_at desc' end
    || ', m.name_key, m.version desc, m.id';
end $$;

create or replace function public.modelstore_list(q jsonb default '{}') returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.reader_of(q);
  sort text := coalesce(q ->> 'sort', '-created_at');
  ordered text := modelstore_private.order_of(sort);
  source text := 'public.trained_models m where ' || modelstore_private.condition_of(q);
  most bigint := coalesce(modelstore_private.integer_of(q, 'limit', 0, 1000), 48);
  first bigint := coalesce(modelstore_private.integer_of(q, 'offset', 0, 1000000000), 0);
  page uuid[];
  total bigint;
begin
  if modelstore_private.is_plain(q) and (modelstore_private.yes(q, 'all_versions') or modelstore_private.yes(q, 'deleted')) then
    execute format('select (select count(*) from %1$s), array(select m.id from %1$s order by %2$s limit $4 offset $5)', source, ordered)
      into total, page using space, q, '{}'::text[], most, first;
  else
    if modelstore_private.is_plain(q) and ltrim(sort, '-') in ('created_at', 'name', 'model_name', 'version') then
      source := format('(%s) m', modelstore_private.newest_of_all());  -- the question that is asked most: that index alone
    end if;
    execute format('with found as materialized (select m.id, row_number() over (order by %s) as n from %s) select (select count(*) from found),'
      || ' array(select f.id from found f where f.n > $5 and f.n <= $5 + $4 order by f.n)', ordered, source)
      into total, page using space, q, modelstore_private.words_of(q), most, first;
  end if;
  return jsonb_build_object('total', total, 'records', coalesce((
    select jsonb_agg(modelstore_private.record_of(m) order by n)
    from unnest(page) with ordinality as p(id, n) join public.trained_models m on m.id = p.id), '[]'));
end $$;

-- One model: {"name"} with "version" or "alias", with "at"; or {"id"}, of which 8 digits are enough; or {"save_id"}. Null if there is none.
create or replace function public.modelstore_find(q jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.reader_of(q);
  called text := modelstore_private.key_of(q ->> 'name');
  moment timestamptz := modelstore_private.time_of(q, 'at');
  wanted integer := modelstore_private.integer_of(q, 'version', 1, 2147483647);
  hit public.trained_models;
begin
  if q ->> 'save_id' is not null then
    select m.* into hit from public.trained_models m where m.space_id = space and m.save_id = modelstore_private.uuid_of(q, 'save_id');
    return case when hit.id is not null then modelstore_private.record_of(hit) end;
  elsif q ->> 'id' is not null then
    return modelstore_private.found_by_digits(space, replace(lower(q ->> 'id'), '-', ''));
  end if;
  if q ->> 'alias' is not null then
    if moment is null then
      select a.version into wanted from public.modelstore_aliases a
      where a.space_id = space and a.name_key = called and a.alias_key = modelstore_private.key_of(q ->> 'alias');
    else
      select h.version into wanted from public.modelstore_alias_history h
      where h.space_id = space and h.name_key = called and h.alias_key = modelstore_private.key_of(q ->> 'alias') and h.at <= moment
      order by h.id desc limit 1;
    end if;
    if wanted is null then
      return null;
    end if;
  end if;
  if wanted is null then
    hit := modelstore_private.newest(space, called, moment);
  else
    select m.* into hit from public.trained_models m where m.space_id = space and m.name_key = called and m.version = wanted;
    if q ->> 'alias' is null and moment is not null and hit.created_at > moment then
      return null;
    end if;
  end if;
  return case when hit.id is not null then modelstore_private.record_of(hit) end;
end $$;

create or replace function modelstore_private.found_by_digits(space uuid, digits text) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  hits public.trained_models[];
begin
  if digits !~ '^[0-9a-f]{8,32}$' then
    perform modelstore_private.refuse(400, 'invalid_reference', 'An id has 8 to 32 hexadecimal digits.');
  end if;
  hits := array(select m from public.trained_models m where m.space_id = space
    and m.id between rpad(digits, 32, '0')::uuid and rpad(digits, 32, 'f')::uuid limit 2);
  if cardinality(hits) > 1 then
    perform modelstore_private.refuse(409, 'ambiguous', format('More than one model''s id starts with %s.', digits), 'Write more digits of the id.');
  end if;
  return case when cardinality(hits) = 1 then modelstore_private.record_of(hits[1]) end;
end $$;

-- Every name that has a version, also in the trash; with {"name"} only that one, also if nothing but its counter is left.
create or replace function public.modelstore_names(q jsonb default '{}') returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.reader_of(q);
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object('model_name', n.model_name, 'next_version', n.next_version, 'renamed_to', t.model_name)
      order by n.name_key)
    from modelstore_private.names n left join modelstore_private.names t on t.space_id = space and t.name_key = n.renamed_to
    where n.space_id = space and case when q ->> 'name' is not null then n.name_key = modelstore_private.key_of(q ->> 'name')
      else n.name_key in (select m.name_key from public.trained_models m where m.space_id = space and m.state <> 'purged') end
  ), '[]');
end $$;

create or replace function public.modelstore_facets(q jsonb default '{}') returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.reader_of(q);
  answer jsonb;
begin
  execute format($q$
    with found as materialized (select m.tags, coalesce(m.algorithm, '') as algorithm, coalesce(m.model_type, 'other') as model_type
      from public.trained_models m where %s)
    select jsonb_build_object(
      'tags', coalesce((select jsonb_agg(jsonb_build_array(v, n) order by n desc, v collate "C")
        from (select t as v, count(*) as n from found, unnest(found.tags) t group by 1) c), '[]'),
      'algorithms', coalesce((select jsonb_agg(jsonb_build_array(v, n) order by n desc, v collate "C")
        from (select algorithm as v, count(*) as n from found group by 1) c), '[]'),
      'model_types', coalesce((select jsonb_agg(jsonb_build_array(v, n) order by n desc, v collate "C")
        from (select model_type as v, count(*) as n from found group by 1) c), '[]'))$q$, modelstore_private.condition_of(q))
    into answer using space, q, modelstore_private.words_of(q);
  return answer;
end $$;

create or replace function public.modelstore_stats(q jsonb default '{}') returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.reader_of(q);
begin
  return (select jsonb_build_object(
    'models', count(distinct m.name_key) filter (where m.state = 'ready' and m.deleted_at is null),
    'versions_ready', count(*) filter (where m.state = 'ready' and m.deleted_at is null),
    'trash', count(*) filter (where m.deleted_at is not null),
    'storage_bytes', coalesce(sum(greatest(m.model_file_size, 0)) filter (where m.state = 'ready'), 0),
    'trash_bytes', coalesce(sum(greatest(m.model_file_size, 0)) filter (where m.state = 'ready' and m.deleted_at is not null), 0),
    'quota_bytes', modelstore_private.quota_of(space))
    from public.trained_models m where m.space_id = space and m.state <> 'purged');
end $$;

create or replace function modelstore_private.event_of(h public.modelstore_alias_history) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object('model_name', (select n.model_name from modelstore_private.names n where n.space_id = h.space_id and n.name_key = h.name_key),
    'alias', h.alias, 'version', h.version, 'previous', h.previous, 'at', modelstore_private.iso(h.at), 'who', h.who, 'why', h.why)
$$;

-- {"name", "alias"}: newest first; without an alias, of all of the model's.
create or replace function public.modelstore_alias_history(q jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.reader_of(q);
begin
  return coalesce((
    select jsonb_agg(modelstore_private.event_of(h) order by h.id desc) from (
      select * from public.modelstore_alias_history h
      where h.space_id = space and h.name_key = modelstore_private.key_of(q ->> 'name')
        and (q ->> 'alias' is null or h.alias_key = modelstore_private.key_of(q ->> 'alias'))
      order by h.id desc limit 1000) h), '[]');
end $$;

-- ---- what others share with me: the listed members and no more: no cells, no notebook, no parameters, no feature names --------

create or replace function modelstore_private.shared_with(person uuid) returns table (model_id uuid, granted_by uuid, until timestamptz)
language sql stable set search_path = '' as $$
  select s.model_id, s.granted_by, s.until from public.modelstore_shares s join public.trained_models m on m.id = s.model_id
  where s.grantee = person and s.revoked_at is null and (s.until is null or s.until > now())
    and m.save_id is not null and m.state = 'ready' and m.deleted_at is null
$$;

create or replace function public.modelstore_shared(q jsonb default '{}') returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  who uuid := modelstore_private.me();
  words text[] := modelstore_private.words_of(q);
  most bigint := coalesce(modelstore_private.integer_of(q, 'limit', 0, 1000), 48);
  first bigint := coalesce(modelstore_private.integer_of(q, 'offset', 0, 1000000000), 0);
begin
  return (
    with found as materialized (
      select m.*, s.granted_by, s.until from modelstore_private.shared_with(who) s join public.trained_models m on m.id = s.model_id
      where (q ->> 'id' is null or m.id = modelstore_private.uuid_of(q, 'id'))
        and not exists (select from unnest(words) word where strpos(m.search, word) = 0)
    ), page as (select * from found order by created_at desc, id limit most offset first)
    select jsonb_build_object('total', (select count(*) from found), 'records', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', p.id, 'user_id', p.user_id, 'space_id', p.space_id, 'save_id', p.save_id, 'model_name', p.model_name, 'version', p.version,
        'status', p.state, 'model_type', coalesce(p.model_type, 'other'), 'algorithm', coalesce(p.algorithm, ''),
        'description', coalesce(p.description, ''), 'tags', to_jsonb(coalesce(p.tags, '{}')),
        'metrics', modelstore_private.or_nothing(p.metrics), 'model_file_path', p.model_file_path, 'model_file_size', p.model_file_size,
        'sha256', p.sha256, 'head_blake3', p.head_blake3, 'format', p.format, 'format_version', p.format_version, 'origin', p.origin,
        'environment', modelstore_private.or_nothing(p.environment), 'created_at', modelstore_private.iso(p.created_at),
        'updated_at', modelstore_private.iso(p.updated_at), 'shared_by', p.granted_by, 'shared_until', modelstore_private.iso(p.until))
        order by p.created_at desc, p.id) from page p), '[]')));
end $$;

-- Who is asking, where they may go, and whether the project is set up as this client expects.
create or replace function public.modelstore_whoami(q jsonb default '{}') returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  who uuid := modelstore_private.me();
begin
  return jsonb_build_object(
    'user_id', who, 'role', modelstore_private.claims() ->> 'role', 'handle', modelstore_private.handle(),
    'groups', to_jsonb(modelstore_private.groups()), 'now', modelstore_private.iso(clock_timestamp()),
    'spaces', coalesce((select jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name, 'role',
        (array['reader', 'editor', 'admin'])[modelstore_private.rank_in(s.id)], 'quota_bytes', modelstore_private.quota_of(s.id)) order by s.name)
      from public.modelstore_spaces s where s.kind = 'group' and modelstore_private.rank_in(s.id) > 0), '[]'),
    'quota_bytes', modelstore_private.quota_of(who),
    'bucket', (select jsonb_build_object('private', not b.public, 'file_size_limit', b.file_size_limit) from storage.buckets b where b.id = 'model-files'),
    'earlier_application', modelstore_private.earlier_application(),
    'schema', (select jsonb_build_object('version', 1, 'number', max(m.number), 'applied_at', modelstore_private.iso(max(m.applied_at))) from modelstore_private.migrations m));
end $$;
