-- The rows of trained_models: what triggers add, who may touch a row directly, and what a deleted row leaves behind.
--
-- Directly, a signed-in person sees and edits only live rows of their own space; that is for the earlier application's client.
-- Everything else, also what groups and recipients see, comes from functions.

create or replace function modelstore_private.derive() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  new.name_key := modelstore_private.key_of(coalesce(new.model_name, ''));
  new.state := case
    when new.status in ('purged', 'missing') then new.status
    when new.save_id is null and coalesce(new.model_file_path, '') = '' then 'missing'
    else 'ready' end;
  new.search := case when new.state = 'purged' then '' else modelstore_private.key_of(
    concat_ws(E'\n', new.model_name, new.algorithm, array_to_string(new.tags, E'\n'), new.description)) end;
  if tg_op = 'UPDATE' and (new.description, new.tags) is distinct from (old.description, old.tags) then
    if new.save_id is not null then  -- the earlier application's client does not come through edit()
      new.description := modelstore_private.clean_text(new.description);
      new.tags := modelstore_private.clean_tags(to_jsonb(new.tags));
    end if;
    new.updated_at := now();
  end if;
  return new;
end $$;

-- ---- rows that an earlier application's client inserts: it says what it kept, and decides nothing else --------------------

create or replace function modelstore_private.legacy_path_is_own(person uuid, path text) returns boolean
language sql immutable set search_path = '' as $$
  select path is null or path = '' or (split_part(path, '/', 1) = person::text and path !~ '(^|/)[.]' and path !~ '/$' and path ~ '/')
$$;

create or replace function modelstore_private.take_in() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  who uuid := modelstore_private.me_or_null();
  size bigint;
begin
  if new.save_id is not null or pg_trigger_depth() > 1 then  -- a save, or what bury() leaves
    return new;
  end if;
  if (who is not null and new.user_id is distinct from who) or not coalesce(modelstore_private.legacy_path_is_own(new.user_id, new.model_file_path), false) then
    raise exception using errcode = '42501', message = 'new row violates row-level security policy for table "trained_models"';
  end if;
  perform modelstore_private.lock_space(new.user_id);
  if coalesce(new.model_file_path, '') <> '' then
    perform modelstore_private.lock_object(new.model_file_path);
    size := modelstore_private.bytes_of(new.model_file_path);
  end if;
  new.model_file_size := coalesce(size, greatest(new.model_file_size, 0), 0);
  perform modelstore_private.require_room(new.user_id, new.user_id, new.model_file_size);
  if exists (select from public.trained_models t where t.id = new.id) then
    new.id := gen_random_uuid();  -- an error would tell that somebody's row has this id
  end if;
  if new.status in ('purged', 'missing') then  -- our words
    new.status := 'ready';
  end if;
  new.space_id := new.user_id;
  new.origin := 'legacy';
  new.version := modelstore_private.next_number(new.user_id, coalesce(new.model_name, ''));
  new.sha256 := null;
  new.head_blake3 := null;
  new.format := null;
  new.format_version := null;
  new.deleted_at := null;
  new.last_downloaded_at := null;
  new.created_at := now();
  new.updated_at := now();
  perform modelstore_private.note(new.space_id, new.id, 'save', jsonb_build_object('origin', 'legacy'));
  return new;
end $$;

-- ---- rows that are deleted, not trashed -------------------------------------------------------------------------------------

create or replace function modelstore_private.before_deletes() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if modelstore_private.me_or_null() is not null then
    perform modelstore_private.lock_space(modelstore_private.me());
  end if;
  return null;
end $$;

create or replace function modelstore_private.before_delete() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform modelstore_private.let_go(old, 'the version was deleted');
  return old;
end $$;

-- The number, the save and the hash stay: neither may come back as something else.
create or replace function modelstore_private.bury() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if old.space_id is not null then
    insert into public.trained_models (id, user_id, space_id, model_name, version, save_id, sha256, origin, status, model_file_path,
      created_at, updated_at, deleted_at)
    values (old.id, old.user_id, old.space_id, old.model_name, old.version, old.save_id, old.sha256, old.origin, 'purged',
      old.model_file_path, old.created_at, now(), now());
    perform modelstore_private.note(old.space_id, old.id, 'purge');
  end if;
  return null;
end $$;

-- End what points at a version that leaves: shares, and aliases, which go back to what they named before or are dropped.
create or replace function modelstore_private.let_go(gone public.trained_models, why text) returns void
language plpgsql volatile set search_path = '' as $$
declare
  alias text;
begin
  update public.modelstore_shares set revoked_at = now() where model_id = gone.id and revoked_at is null;
  for alias in select a.alias from public.modelstore_aliases a
    where a.space_id = gone.space_id and a.name_key = gone.name_key and a.version = gone.version order by a.alias_key loop
    perform modelstore_private.give_back(gone, alias, why);
  end loop;
end $$;

-- ---- aliases: what each points at, and a history that only grows. Under the space's lock -----------------------------------

create or replace function modelstore_private.alias_noted(space uuid, called text, word text, new_version integer, old_version integer, why text)
returns void language sql volatile set search_path = '' as $$
  insert into public.modelstore_alias_history (space_id, name_key, alias_key, alias, version, previous, actor, who, why)
  values (space, called, modelstore_private.key_of(word), word, new_version, old_version, modelstore_private.me_or_null(),
    coalesce(modelstore_private.handle(), 'admin'), why)
$$;

create or replace function modelstore_private.point(space uuid, called text, word text, target integer, why text) returns void
language plpgsql volatile set search_path = '' as $$
declare
  before integer := (select a.version from public.modelstore_aliases a
    where a.space_id = space and a.name_key = called and a.alias_key = modelstore_private.key_of(word));
begin
  if before = target and why = '' then
    return;
  end if;
  insert into public.modelstore_aliases (space_id, name_key, alias_key, alias, version)
  values (space, called, modelstore_private.key_of(word), word, target)
  on conflict (space_id, name_key, alias_key) do update set alias = excluded.alias, version = excluded.version;
  perform modelstore_private.alias_noted(space, called, word, target, before, why);
end $$;

create or replace function modelstore_private.drop_alias(space uuid, called text, word text, why text) returns void
language plpgsql volatile set search_path = '' as $$
declare
  before integer;
begin
  delete from public.modelstore_aliases a
  where a.space_id = space and a.name_key = called and a.alias_key = modelstore_private.key_of(word) returning a.version into before;
  if found then
    perform modelstore_private.alias_noted(space, called, word, null, before, why);
  end if;
end $$;

-- The versions that an alias has pointed at, oldest first, without what was rolled back.
create or replace function modelstore_private.pointed_at(space uuid, called text, word text) returns integer[]
language plpgsql stable set search_path = '' as $$
declare
  event record;
  stack integer[] := '{}';
begin
  for event in select h.version, h.why from public.modelstore_alias_history h
    where h.space_id = space and h.name_key = called and h.alias_key = modelstore_private.key_of(word) and h.version is not null
    order by h.id loop
    if event.why like 'rollback%' and event.version = any (stack[:cardinality(stack) - 1]) then
      stack := stack[:cardinality(stack) - 1];
      while stack[cardinality(stack)] <> event.version loop
        stack := stack[:cardinality(stack) - 1];
      end loop;
    elsif stack[cardinality(stack)] is distinct from event.version then
      stack := stack || event.version;
    end if;
  end loop;
  return stack;
end $$;

-- Let an alias of a version that leaves name what it named before, and return that number; drop it if nothing is left.
create or replace function modelstore_private.give_back(gone public.trained_models, word text, why text) returns integer
language plpgsql volatile set search_path = '' as $$
declare
  earlier integer[] := modelstore_private.pointed_at(gone.space_id, gone.name_key, word);
begin
  for place in reverse cardinality(earlier)..1 loop
    if earlier[place] <> gone.version and exists (select from public.trained_models m where m.space_id = gone.space_id
      and m.name_key = gone.name_key and m.version = earlier[place] and m.state = 'ready' and m.deleted_at is null) then
      perform modelstore_private.point(gone.space_id, gone.name_key, word, earlier[place],
        format('rollback: %s:%s was deleted', gone.model_name, gone.version));
      return earlier[place];
    end if;
  end loop;
  perform modelstore_private.drop_alias(gone.space_id, gone.name_key, word, why);
  return null;
end $$;

-- ---- what is there already: space, number, and the words above, oldest first -----------------------------------------------

do $$
declare
  row_ record;
begin
  alter table public.trained_models disable trigger user;  -- updated_at would move in every row
  update public.trained_models set name_key = modelstore_private.key_of(coalesce(model_name, '')) where name_key is null;
  for row_ in select id, user_id, coalesce(model_name, '') as called from public.trained_models
    where version is null and user_id is not null order by created_at, id loop
    update public.trained_models
    set space_id = row_.user_id, version = modelstore_private.next_number(row_.user_id, row_.called) where id = row_.id;
  end loop;
  update public.trained_models set
    state = case when status in ('purged', 'missing') then status when coalesce(model_file_path, '') = '' then 'missing' else 'ready' end,
    search = modelstore_private.key_of(concat_ws(E'\n', model_name, algorithm, array_to_string(tags, E'\n'), description))
  where state is null;
  alter table public.trained_models enable trigger user;
end $$;

drop trigger if exists modelstore_take_in on public.trained_models;
create trigger modelstore_take_in before insert on public.trained_models
  for each row when (new.save_id is null) execute function modelstore_private.take_in();
drop trigger if exists modelstore_z_derive on public.trained_models;  -- after take_in: triggers fire by their names
create trigger modelstore_z_derive before insert or update on public.trained_models
  for each row execute function modelstore_private.derive();
drop trigger if exists modelstore_before_deletes on public.trained_models;
create trigger modelstore_before_deletes before delete on public.trained_models
  for each statement execute function modelstore_private.before_deletes();
drop trigger if exists modelstore_before_delete on public.trained_models;
create trigger modelstore_before_delete before delete on public.trained_models
  for each row when (old.status is distinct from 'purged') execute function modelstore_private.before_delete();
drop trigger if exists modelstore_bury on public.trained_models;
create trigger modelstore_bury after delete on public.trained_models
  for each row when (old.status is distinct from 'purged') execute function modelstore_private.bury();

-- ---- policies: each names a role, and says both what may be seen and what may be written -----------------------------------

create or replace function modelstore_private.earlier_application() returns boolean
language sql stable security definer set search_path = '' as $$
  select s.earlier_application from modelstore_private.settings s
$$;

drop policy if exists modelstore_select on public.trained_models;
create policy modelstore_select on public.trained_models for select to authenticated
  using (user_id = (select modelstore_private.me_or_null()) and space_id = (select modelstore_private.me_or_null())
    and deleted_at is null and status is distinct from 'purged');
drop policy if exists modelstore_insert on public.trained_models;
create policy modelstore_insert on public.trained_models for insert to authenticated
  with check (user_id = (select modelstore_private.me_or_null()) and space_id = (select modelstore_private.me_or_null())
    and save_id is null and (select modelstore_private.earlier_application()));
drop policy if exists modelstore_update on public.trained_models;
create policy modelstore_update on public.trained_models for update to authenticated
  using (user_id = (select modelstore_private.me_or_null()) and space_id = (select modelstore_private.me_or_null())
    and deleted_at is null and status is distinct from 'purged')
  with check (user_id = (select modelstore_private.me_or_null()) and space_id = (select modelstore_private.me_or_null()));
drop policy if exists modelstore_delete on public.trained_models;
create policy modelstore_delete on public.trained_models for delete to authenticated
  using (user_id = (select modelstore_private.me_or_null()) and space_id = (select modelstore_private.me_or_null())
    and deleted_at is null and status is distinct from 'purged' and (select modelstore_private.earlier_application()));

-- What the earlier application's dashboard reads. One that is there keeps its columns, and from now on asks as its reader.
do $$
begin
  if to_regclass('public.user_model_stats') is null then
    create view public.user_model_stats with (security_invoker = true) as
      select user_id, count(*) as total_models, count(*) filter (where state = 'ready') as ready_models,
        coalesce(sum(model_file_size), 0) as total_storage_bytes, max(created_at) as last_model_created
      from public.trained_models group by user_id;
  else
    alter view public.user_model_stats set (security_invoker = true);
  end if;
end $$;
