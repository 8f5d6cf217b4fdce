-- What can be done. Each takes the space's lock first, so that what it looks at stays true until it has written.

create or replace function modelstore_private.must(m public.trained_models, needed integer) returns public.trained_models
language plpgsql stable set search_path = '' as $$
declare
  rank integer := modelstore_private.rank_in(m.space_id);
begin
  if m.id is null or rank = 0 then  -- one answer for what is not there and what is not for me
    perform modelstore_private.refuse(404, 'not_found', 'The model is not in the store.', 'It may have another space, or be gone.');
  elsif rank < needed then
    perform modelstore_private.refuse(403, 'forbidden', 'You may read this model, not change it.', 'Ask an admin of its space.');
  end if;
  return m;
end $$;

-- Lock the space of a row, and read the row again: it may have changed while we waited.
create or replace function modelstore_private.held(q jsonb, needed integer) returns public.trained_models
language plpgsql volatile set search_path = '' as $$
declare
  wanted uuid := modelstore_private.uuid_of(q, 'id');
  m public.trained_models := modelstore_private.must(modelstore_private.by_id(wanted), needed);
begin
  perform modelstore_private.lock_space(m.space_id);
  select t.* into m from public.trained_models t where t.id = wanted;
  return modelstore_private.must(m, needed);
end $$;

-- The rows of {"ids"}, each in a space where I have that rank; their spaces are locked in one order for everybody: my own first, as
-- lock_to_save does.
create or replace function modelstore_private.all_held(q jsonb, needed integer) returns setof public.trained_models
language plpgsql volatile set search_path = '' as $$
declare
  ids uuid[];
  space uuid;
begin
  if jsonb_typeof(q -> 'ids') is distinct from 'array' or jsonb_array_length(q -> 'ids') > 10000 then
    perform modelstore_private.refuse(400, 'invalid_value', 'ids must be a list of at most 10,000 ids.');
  end if;
  ids := array(select modelstore_private.uuid_of(jsonb_build_object('id', item), 'id') from jsonb_array_elements(q -> 'ids') item);
  perform modelstore_private.must(modelstore_private.by_id(wanted), needed) from unnest(ids) wanted;
  for space in select m.space_id from public.trained_models m where m.id = any (ids) group by 1
    order by m.space_id <> modelstore_private.me(), 1 loop
    perform modelstore_private.lock_space(space);
  end loop;
  return query select m.* from unnest(ids) with ordinality as w(id, n) join public.trained_models m on m.id = w.id order by n;
end $$;

-- ---- a save -----------------------------------------------------------------------------------------------------------------

-- Before any byte moves: rights, room, and the number that the next version will have.
create or replace function public.modelstore_may_save(q jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.editor_of(q);
  who uuid := modelstore_private.me();
  name text := modelstore_private.clean_name(q ->> 'name');
  size bigint := coalesce(modelstore_private.integer_of(q, 'size', 0, 9007199254740991), 0);
  save uuid := modelstore_private.uuid_of(q, 'save_id');
  most bigint := (select b.file_size_limit from storage.buckets b where b.id = 'model-files');
  known public.trained_models;
begin
  select m.* into known from public.trained_models m where m.space_id = space and m.save_id = save;
  if known.state = 'purged' then
    perform modelstore_private.refuse(410, 'purged', 'This save became a model that was deleted for good.', 'Save the model again.');
  end if;
  if known.id is null then
    if size > most then
      perform modelstore_private.refuse(413, 'too_large', format('The file has %s; this project takes %s.', modelstore_private.size_text(size), modelstore_private.size_text(most)), 'An admin of the project can raise the limit of the bucket model-files.');
    end if;
    perform modelstore_private.require_room(space, who, size);
  end if;
  return jsonb_build_object('path', space || '/' || save || '.pkl', 'file_size_limit', most, 'known', known.id is not null,
    'next_version', coalesce((select n.next_version from modelstore_private.names n
      where n.space_id = space and n.name_key = modelstore_private.key_of(name)), 1));
end $$;

create or replace function modelstore_private.row_of(draft jsonb, space uuid) returns public.trained_models
language plpgsql stable set search_path = '' as $$
declare
  m public.trained_models;
begin
  m.space_id := space;
  m.user_id := modelstore_private.me();
  m.save_id := modelstore_private.uuid_of(draft, 'save_id');
  m.model_name := modelstore_private.clean_name(draft ->> 'model_name');
  m.model_type := left(coalesce(draft ->> 'model_type', 'other'), 50);
  m.algorithm := modelstore_private.clean_text(coalesce(draft ->> 'algorithm', ''), 1000);
  m.description := modelstore_private.clean_text(coalesce(draft ->> 'description', ''));
  m.tags := modelstore_private.clean_tags(draft -> 'tags');
  m.metrics := modelstore_private.object_of(draft, 'metrics');
  m.training_config := modelstore_private.object_of(draft, 'training_config');
  m.feature_columns := modelstore_private.texts(draft -> 'feature_columns');
  m.target_column := modelstore_private.clean_text(draft ->> 'target_column', 1000);
  m.training_time_seconds := modelstore_private.seconds_of(draft, 'training_time_seconds');
  m.training_samples := modelstore_private.integer_of(draft, 'training_samples', 0, 2147483647);
  m.test_samples := modelstore_private.integer_of(draft, 'test_samples', 0, 2147483647);
  m.environment := modelstore_private.object_of(draft, 'environment');
  m.source := modelstore_private.object_of(draft, 'source');
  m.signature := modelstore_private.object_of(draft, 'signature');
  m.extra := modelstore_private.object_of(draft, 'extra');
  m.origin := coalesce(draft ->> 'origin', 'fitted');
  m.format := coalesce(draft ->> 'format', 'pickle');
  m.format_version := coalesce(modelstore_private.integer_of(draft, 'format_version', 0, 1000), 0);
  m.sha256 := draft ->> 'sha256';
  m.head_blake3 := draft ->> 'head_blake3';
  m.model_file_size := modelstore_private.integer_of(draft, 'model_file_size', 0, 9007199254740991);
  m.model_file_path := space || '/' || m.save_id || '.pkl';
  m.status := 'ready';
  m.created_at := coalesce(modelstore_private.time_of(draft, 'created_at'), clock_timestamp());
  if m.created_at > clock_timestamp() or m.created_at < '1990-01-01' then
    perform modelstore_private.refuse(400, 'invalid_value', 'created_at is not a time in the past.', 'Check this machine''s clock.');
  end if;
  m.updated_at := m.created_at;
  if m.origin not in ('fitted', 'file', 'import') or m.format !~ '^[a-z0-9_-]{1,30}$' or coalesce(m.sha256, '') !~ '^[0-9a-f]{64}$'
    or m.head_blake3 !~ '^[0-9a-f]{64}$' or m.model_file_size is null then
    perform modelstore_private.refuse(400, 'invalid_value', 'origin, format, sha256, head_blake3 or model_file_size is not what it must be.');
  end if;
  return m;
end $$;

-- Make a save visible, once. The object must be there, with that size. A known save_id answers with its row; the same bytes
-- as the newest version's make no new one unless the metrics differ. {"version"}: wanted, if above all that ever were.
create or replace function public.modelstore_commit(draft jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.editor_of(draft);
  m public.trained_models;
  known public.trained_models;
  alias text := case when draft ->> 'alias' is not null then modelstore_private.clean_alias(draft ->> 'alias') end;
  wanted integer := modelstore_private.integer_of(draft, 'version', 1, 2000000000);  -- numbers go on after it
begin
  perform modelstore_private.lock_to_save(space);
  m := modelstore_private.row_of(draft, space);
  select t.* into known from public.trained_models t where t.space_id = space and t.save_id = m.save_id;
  if known.id is not null then
    if known.state = 'purged' then
      perform modelstore_private.refuse(410, 'purged', format('This save became %s:%s, which was deleted for good.', known.model_name, known.version), 'Save the model again.');
    end if;
    return jsonb_build_object('record', modelstore_private.record_of(known), 'created', false);
  end if;
  perform modelstore_private.require_object(m);
  known := modelstore_private.same_as_newest(m);
  if known.id is not null and wanted is null then
    known := modelstore_private.applied(known, m, alias);  -- by itself: within one statement nobody sees what it did
    return jsonb_build_object('record', modelstore_private.record_of(known), 'created', false);
  end if;
  perform modelstore_private.require_room(space, m.user_id, m.model_file_size);
  m.id := gen_random_uuid();
  m.version := modelstore_private.next_number(space, m.model_name, wanted);
  m.model_name := modelstore_private.written(space, m.model_name);
  insert into public.trained_models (  -- ours by name: the earlier application's other columns have their defaults
    id, user_id, space_id, save_id, model_name, version, model_type, algorithm, description, tags, metrics,
    training_config, feature_columns, target_column, training_time_seconds, training_samples, test_samples,
    environment, source, signature, extra, origin, format, format_version, sha256, head_blake3, model_file_size,
    model_file_path, status, created_at, updated_at)
  values (m.id, m.user_id, m.space_id, m.save_id, m.model_name, m.version, m.model_type, m.algorithm, m.description, m.tags,
    m.metrics, m.training_config, m.feature_columns, m.target_column, m.training_time_seconds, m.training_samples,
    m.test_samples, m.environment, m.source, m.signature, m.extra, m.origin, m.format, m.format_version, m.sha256,
    m.head_blake3, m.model_file_size, m.model_file_path, m.status, m.created_at, m.updated_at);
  if alias is not null then
    perform modelstore_private.point(space, modelstore_private.key_of(m.model_name), alias, m.version, '');
  end if;
  perform modelstore_private.note(space, m.id, 'save', jsonb_build_object('origin', m.origin));
  return jsonb_build_object('record', modelstore_private.record_of(modelstore_private.by_id(m.id)), 'created', true);
end $$;

create or replace function modelstore_private.require_object(m public.trained_models) returns void
language plpgsql volatile set search_path = '' as $$
declare
  there bigint;
begin
  perform modelstore_private.lock_object(m.model_file_path);
  there := modelstore_private.bytes_of(m.model_file_path);
  if there is null then
    perform modelstore_private.refuse(409, 'object_missing', 'The file is not in the store yet.', 'Send it, then commit again.');
  elsif there <> m.model_file_size then
    perform modelstore_private.refuse(409, 'object_differs', format('The store holds %s bytes of this save, not %s.', there, m.model_file_size), 'Save the model again.');
  end if;
end $$;

-- The newest version, if it holds these bytes, its file is there, and the metrics, if any are said, agree.
create or replace function modelstore_private.same_as_newest(m public.trained_models) returns public.trained_models
language plpgsql volatile set search_path = '' as $$
declare
  newest public.trained_models := modelstore_private.newest(m.space_id, modelstore_private.key_of(m.model_name));
begin
  if newest.sha256 is distinct from m.sha256 or newest.origin <> m.origin or newest.state <> 'ready'
    or (m.metrics <> '{}' and m.metrics <> newest.metrics)
    or modelstore_private.bytes_of(newest.model_file_path) is distinct from newest.model_file_size then
    return null;
  end if;
  return newest;
end $$;

create or replace function modelstore_private.applied(to_row public.trained_models, m public.trained_models, alias text)
returns public.trained_models language plpgsql volatile set search_path = '' as $$
declare
  tag text;
  all_tags text[] := coalesce(to_row.tags, '{}');
begin
  foreach tag in array m.tags loop
    if not modelstore_private.key_of(tag) = any (array(select modelstore_private.key_of(t) from unnest(all_tags) t)) then
      all_tags := all_tags || tag;
    end if;
  end loop;
  if cardinality(all_tags) > 50 then
    perform modelstore_private.refuse(400, 'invalid_value', 'A model has at most 50 tags.');
  end if;
  if all_tags is distinct from to_row.tags or m.description not in ('', to_row.description)
    or (m.source ? 'note' and m.source -> 'note' is distinct from to_row.source -> 'note') then
    update public.trained_models t set tags = all_tags,
      description = case when m.description <> '' then m.description else t.description end,
      source = case when m.source ? 'note' then modelstore_private.or_nothing(t.source) || jsonb_build_object('note', m.source -> 'note')
        else t.source end
    where t.id = to_row.id;
  end if;
  if alias is not null then
    perform modelstore_private.point(to_row.space_id, to_row.name_key, alias, to_row.version, '');
  end if;
  return modelstore_private.by_id(to_row.id);
end $$;

-- ---- changing what is there -----------------------------------------------------------------------------------------------------

-- {"id", "description", "tags", "add_metrics", "drop_metrics"}: what is absent stays.
create or replace function public.modelstore_edit(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  m public.trained_models := modelstore_private.held(q, 2);
  described text := case when q ->> 'description' is not null then modelstore_private.clean_text(q ->> 'description') else m.description end;
  tagged text[] := case when jsonb_typeof(q -> 'tags') = 'array' then modelstore_private.clean_tags(q -> 'tags') else m.tags end;
  added jsonb := modelstore_private.object_of(q, 'add_metrics');
  dropped text[] := coalesce(modelstore_private.texts(q -> 'drop_metrics'), '{}');
  before jsonb := modelstore_private.or_nothing(m.metrics);
  merged jsonb;
  measured jsonb;
  said text[];
begin
  if m.state = 'purged' then
    perform modelstore_private.refuse(410, 'purged', format('%s:%s was deleted for good.', m.model_name, m.version));
  end if;
  merged := modelstore_private.object_of(jsonb_build_object('metrics', (before - dropped) || added), 'metrics');
  said := dropped || array(select k from jsonb_each(added) as a(k, v) where v is distinct from before -> k);
  measured := modelstore_private.or_nothing(m.source -> 'metrics') - said;  -- what somebody says no longer comes from a cell
  if (described, tagged, merged) is distinct from (m.description, m.tags, before) then
    update public.trained_models t set description = described, tags = tagged, metrics = merged,
      source = case when m.source ? 'metrics' then m.source || jsonb_build_object('metrics', measured) else m.source end,
      updated_at = clock_timestamp() where t.id = m.id;
    perform modelstore_private.note(m.space_id, m.id, 'edit');
  end if;
  return modelstore_private.record_of(modelstore_private.by_id(m.id));
end $$;

create or replace function public.modelstore_record_download(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  m public.trained_models := modelstore_private.by_id(modelstore_private.uuid_of(q, 'id'));
  who uuid := modelstore_private.me();
begin
  if modelstore_private.rank_in(m.space_id) = 0 then
    if exists (select from modelstore_private.shared_with(who) s where s.model_id = m.id) then
      perform modelstore_private.note(m.space_id, m.id, 'download');
      return jsonb_build_object('noted', true);
    end if;
    perform modelstore_private.must(m, 1);
  end if;
  update public.trained_models t set last_downloaded_at = clock_timestamp() where t.id = m.id and t.state <> 'purged';
  perform modelstore_private.note(m.space_id, m.id, 'download');
  return modelstore_private.record_of(modelstore_private.by_id(m.id));
end $$;

-- {"name", "new"}: all versions take the other name; numbers go on, and the old name keeps its own.
create or replace function public.modelstore_rename(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.editor_of(q);
  old_key text := modelstore_private.key_of(q ->> 'name');
  new_name text := modelstore_private.clean_name(q ->> 'new');
  new_key text := modelstore_private.key_of(new_name);
  counter integer;
  renamed integer;
begin
  perform modelstore_private.lock_space(space);
  select n.next_version into counter from modelstore_private.names n where n.space_id = space and n.name_key = old_key;
  if counter is null or not exists (select from public.trained_models m where m.space_id = space and m.name_key = old_key) then
    perform modelstore_private.refuse(404, 'not_found', 'There is no model of that name.');
  end if;
  if new_key <> old_key then
    if exists (select from public.trained_models m where m.space_id = space and m.name_key = new_key) then
      perform modelstore_private.refuse(409, 'name_taken', 'There is, or was, another model of that name.',
        'Choose a name that was never used: numbers of versions are not given twice.');
    end if;
    insert into modelstore_private.names as n (space_id, name_key, model_name, next_version) values (space, new_key, new_name, counter)
    on conflict (space_id, name_key) do update set next_version = greatest(n.next_version, excluded.next_version), renamed_to = null;
    update modelstore_private.names n set renamed_to = new_key where n.space_id = space and (n.name_key = old_key or n.renamed_to = old_key);
    update public.modelstore_aliases a set name_key = new_key where a.space_id = space and a.name_key = old_key;
    update public.modelstore_alias_history h set name_key = new_key where h.space_id = space and h.name_key = old_key;
  end if;
  update modelstore_private.names n set model_name = new_name where n.space_id = space and n.name_key = new_key;
  update public.trained_models m set model_name = new_name, updated_at = clock_timestamp() where m.space_id = space and m.name_key = old_key;
  get diagnostics renamed = row_count;
  perform modelstore_private.note(space, null, 'rename');
  return jsonb_build_object('versions', renamed);
end $$;

-- ---- aliases ----------------------------------------------------------------------------------------------------------------------

-- {"id", "alias", "why", "only_from"}: the last, if it is given, is the version that the alias must name until now, 0 for none.
create or replace function public.modelstore_set_alias(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  m public.trained_models := modelstore_private.held(q, 2);
  word text := modelstore_private.clean_alias(q ->> 'alias');
begin
  if m.state <> 'ready' or m.deleted_at is not null then
    perform modelstore_private.refuse(404, 'not_found', format('%s:%s is not there to be named.', m.model_name, m.version), 'Restore it first.');
  end if;
  if q ->> 'only_from' is distinct from coalesce((select a.version from public.modelstore_aliases a
      where a.space_id = m.space_id and a.name_key = m.name_key and a.alias_key = modelstore_private.key_of(word)), 0)::text
    and q ->> 'only_from' is not null then
    perform modelstore_private.refuse(409, 'in_use', format('%s@%s was moved meanwhile.', m.model_name, word), 'It stays where it is.');
  end if;
  perform modelstore_private.point(m.space_id, m.name_key, word, m.version,
    modelstore_private.clean_text(coalesce(q ->> 'why', '')));
  return modelstore_private.record_of(m);
end $$;

create or replace function public.modelstore_remove_alias(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.editor_of(q);
  called text := modelstore_private.key_of(q ->> 'name');
  word text;
begin
  perform modelstore_private.lock_space(space);
  select a.alias into word from public.modelstore_aliases a
  where a.space_id = space and a.name_key = called and a.alias_key = modelstore_private.key_of(q ->> 'alias');
  if word is null then
    perform modelstore_private.refuse(404, 'not_found', 'The model has no such alias.');
  end if;
  perform modelstore_private.drop_alias(space, called, word, modelstore_private.clean_text(coalesce(q ->> 'why', '')));
  return (select modelstore_private.event_of(h) from public.modelstore_alias_history h
    where h.space_id = space and h.name_key = called order by h.id desc limit 1);
end $$;

-- ---- leaving ----------------------------------------------------------------------------------------------------------------------

-- {"ids", "force"}: into the trash. What an alias or a share names needs force; shares end, aliases go back.
create or replace function public.modelstore_delete(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  gone public.trained_models[] := array(select m from modelstore_private.all_held(q, 2) m);
  ids uuid[] := array(select m.id from unnest(gone) m);
  in_use text;
  aliased boolean;
  shared boolean;
  word text;
  m public.trained_models;
  former text[];
  removed text[] := '{}';
  returned jsonb := '[]';
  target integer;
begin
  select string_agg(said, ', '), bool_or(not by_share), bool_or(by_share) into in_use, aliased, shared from (
    select format('%s:%s is %s@%s', g.model_name, g.version, g.model_name, a.alias) as said, false as by_share from unnest(gone) g
      join public.modelstore_aliases a on a.space_id = g.space_id and a.name_key = g.name_key and a.version = g.version
    union all
    select format('%s:%s is shared', g.model_name, g.version), true from unnest(gone) g
    where exists (select from public.modelstore_shares s where s.model_id = g.id and s.revoked_at is null and (s.until is null or s.until > now()))
    order by 1) named;
  if in_use is not null and not modelstore_private.yes(q, 'force') then
    perform modelstore_private.refuse(409, 'in_use', format('Not deleted: %s.', in_use),
      concat_ws(', and ', case when aliased then 'Give the alias to another version first' end,
        case when shared and aliased then 'end the share' when shared then 'End the share first' end)
      || '; or delete it all the same with --force.');
  end if;
  former := array(select alias from (select h.alias, min(h.id) as first from unnest(gone) g join public.modelstore_alias_history h
    on h.space_id = g.space_id and h.name_key = g.name_key and h.version = g.version group by 1) f order by first);
  update public.trained_models t set deleted_at = now(), updated_at = now() where t.id = any (ids) and t.deleted_at is null;
  update public.modelstore_shares s set revoked_at = now() where s.model_id = any (ids) and s.revoked_at is null;
  foreach m in array gone loop
    for word in select a.alias from public.modelstore_aliases a
      where a.space_id = m.space_id and a.name_key = m.name_key and a.version = m.version order by a.alias_key loop
      target := modelstore_private.give_back(m, word, 'the version was deleted');
      if target is null then
        removed := removed || word;
      else
        returned := returned || jsonb_build_array(jsonb_build_array(word, m.model_name || ':' || target));
      end if;
    end loop;
    perform modelstore_private.note(m.space_id, m.id, 'delete');
  end loop;
  return jsonb_build_object(
    'records', coalesce((select jsonb_agg(modelstore_private.record_of(t) order by n) from unnest(ids) with ordinality as w(id, n)
      join public.trained_models t on t.id = w.id), '[]'),
    'removed_aliases', to_jsonb(removed), 'returned_aliases', returned, 'former_aliases', to_jsonb(former),
    'purge_after', modelstore_private.iso(now() + interval '30 days'));
end $$;

create or replace function public.modelstore_restore(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  ids uuid[] := array(select m.id from modelstore_private.all_held(q, 2) m);
begin
  update public.trained_models t set deleted_at = null, updated_at = clock_timestamp()
  where t.id = any (ids) and t.deleted_at is not null and t.state <> 'purged';
  perform modelstore_private.note(t.space_id, t.id, 'restore') from public.trained_models t where t.id = any (ids) and t.state <> 'purged';
  return coalesce((select jsonb_agg(modelstore_private.record_of(t) order by n) from unnest(ids) with ordinality as w(id, n)
    join public.trained_models t on t.id = w.id), '[]');
end $$;

-- First step: rows in the trash become tombstones. Answers with them as they were, and with the objects to remove.
create or replace function public.modelstore_purge(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  gone public.trained_models[] := array(select m from modelstore_private.all_held(q, 2) m where m.deleted_at is not null and m.state <> 'purged');
  before jsonb := coalesce((select jsonb_agg(modelstore_private.record_of(g)) from unnest(gone) g), '[]');
begin
  perform modelstore_private.let_go(g, 'the version was deleted') from unnest(gone) g;
  update public.trained_models t set status = 'purged', updated_at = clock_timestamp(), description = '', tags = '{}', metrics = '{}',
    training_config = '{}', feature_columns = null, target_column = null, environment = '{}', source = '{}', signature = '{}', extra = '{}',
    model_file_size = 0, training_time_seconds = null, training_samples = null, test_samples = null, file_id = null
  where t.id in (select g.id from unnest(gone) g);
  perform modelstore_private.note(g.space_id, g.id, 'purge') from unnest(gone) g;
  return jsonb_build_object('records', before, 'objects', coalesce((
    select jsonb_agg(jsonb_build_array(path, bytes)) from (
      select path, modelstore_private.bytes_of(path) as bytes from unnest(gone) g, unnest(modelstore_private.paths_of(g)) path) p
    where bytes is not null), '[]'));
end $$;

create or replace function modelstore_private.paths_of(m public.trained_models) returns text[] language sql immutable set search_path = '' as $$
  select case when m.save_id is null then array_remove(array[nullif(m.model_file_path, '')], null)
    else array[m.space_id || '/' || m.save_id || '.pkl', m.space_id || '/' || m.save_id || '.probe'] end
$$;

-- Second step, after the objects were removed: which of them are still there. Without ids, of all tombstones of the space.
create or replace function public.modelstore_purged(q jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.editor_of(q);
begin
  return jsonb_build_object('left', coalesce((
    select jsonb_agg(jsonb_build_object('path', path, 'bytes', bytes)) from (
      select path, modelstore_private.bytes_of(path) as bytes
      from public.trained_models m, unnest(modelstore_private.paths_of(m)) path
      where m.space_id = space and m.state = 'purged'
        and (q -> 'ids' is null or m.id::text in (select jsonb_array_elements_text(q -> 'ids')))) p
    where bytes is not null), '[]'));
end $$;

-- Look for damage: rows whose object is gone become missing, and back; objects that no row names are told.
create or replace function public.modelstore_check(q jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.editor_of(q);
  folder text := space || '/';
begin
  perform modelstore_private.lock_space(space);
  update public.trained_models m
  set status = case when modelstore_private.bytes_of(m.model_file_path) is null then 'missing' else 'ready' end
  where m.space_id = space and m.save_id is not null and m.state in ('ready', 'missing')
    and (m.state = 'ready') <> (modelstore_private.bytes_of(m.model_file_path) is not null);
  return jsonb_build_object(
    'files', (select count(*) from public.trained_models m where m.space_id = space and m.state in ('ready', 'missing')),
    'missing', coalesce((select jsonb_agg(m.model_name || ':' || m.version order by m.name_key, m.version)
      from public.trained_models m where m.space_id = space and m.state = 'missing'), '[]'),
    'changed', coalesce((select jsonb_agg(m.model_name || ':' || m.version order by m.name_key, m.version) from public.trained_models m
      where m.space_id = space and m.state = 'ready' and m.save_id is not null
        and modelstore_private.bytes_of(m.model_file_path) <> m.model_file_size), '[]'),
    'strays', coalesce((select jsonb_agg(jsonb_build_object('path', o.name, 'bytes', (o.metadata ->> 'size')::bigint,
        'since', modelstore_private.iso(o.created_at))) from storage.objects o
      where o.bucket_id = 'model-files' and o.name collate "C" >= folder and o.name collate "C" < space || '0'
        and modelstore_private.space_in(o.name) is not null  -- what an earlier application keeps there is not ours to sweep
        and o.created_at < now() - interval '24 hours'
        and not exists (select from public.trained_models m where m.state <> 'purged'
          and m.model_file_path = regexp_replace(o.name, '[.]probe$', '.pkl'))), '[]'));
end $$;

-- ---- shares -----------------------------------------------------------------------------------------------------------------------

-- A person by id, or by the address of somebody who is in a group space with me. One answer for who is unknown and who is not mine to know.
create or replace function modelstore_private.person_of(said text) returns uuid language plpgsql stable set search_path = '' as $$
declare
  who uuid := modelstore_private.me();
  person uuid;
begin
  if said ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    person := said::uuid;
  else
    select u.id into person from auth.users u join public.modelstore_members theirs on theirs.user_id = u.id
    where lower(u.email) = lower(said) and modelstore_private.rank_in(theirs.space_id) > 0 limit 1;
  end if;
  if person is null then
    perform modelstore_private.refuse(404, 'not_found', 'There is no such person among those whom you share a space with.', 'Ask them for the id that %modelstore status shows them.');
  elsif person = who then
    perform modelstore_private.refuse(400, 'invalid_value', 'The model is yours already.');
  end if;
  return person;
end $$;

create or replace function public.modelstore_share(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  m public.trained_models := modelstore_private.held(q, 3);
  person uuid := modelstore_private.person_of(q ->> 'who');
  ends timestamptz := modelstore_private.time_of(q, 'until');
  share uuid;
begin
  if m.save_id is null or m.state <> 'ready' or m.deleted_at is not null then
    perform modelstore_private.refuse(409, 'cannot_share', 'Only a model that this software saved, and that is not in the trash, can be shared.', 'Save it again, then share the new version.');
  elsif ends <= now() then
    perform modelstore_private.refuse(400, 'invalid_value', 'A share must end in the future.');
  end if;
  insert into public.modelstore_shares (model_id, space_id, grantee, granted_by, until)
  values (m.id, m.space_id, person, modelstore_private.me(), ends)
  on conflict (model_id, grantee) where revoked_at is null do update set until = excluded.until, granted_by = excluded.granted_by
  returning id into share;
  perform modelstore_private.note(m.space_id, m.id, 'share', jsonb_build_object('grantee', person, 'until', ends));
  return jsonb_build_object('id', share, 'grantee', person, 'until', modelstore_private.iso(ends));
end $$;

create or replace function public.modelstore_unshare(q jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  m public.trained_models := modelstore_private.held(q, 3);
  person uuid := modelstore_private.person_of(q ->> 'who');
  ended integer;
begin
  update public.modelstore_shares s set revoked_at = now() where s.model_id = m.id and s.grantee = person and s.revoked_at is null;
  get diagnostics ended = row_count;
  perform modelstore_private.note(m.space_id, m.id, 'unshare', jsonb_build_object('grantee', person));
  return jsonb_build_object('ended', ended);
end $$;
