-- Who may read, send and remove files. Object keys are <space>/<save_id>.pkl and .probe: used once, and holding no name.
--
-- Each rule stands twice: PERMISSIVE, which lets in, and RESTRICTIVE, which keeps out whatever another policy on the same table
-- would let in. Rules of other buckets are not touched.

create or replace function modelstore_private.space_in(path text) returns uuid language sql immutable set search_path = '' as $$
  select case when path ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.](pkl|probe)$'
    then left(path, 36)::uuid end
$$;

-- The key that the row of this file or probe has.
create or replace function modelstore_private.key_in_row(path text) returns text language sql immutable set search_path = '' as $$
  select regexp_replace(path, '[.]probe$', '.pkl')
$$;

-- <uid>/<anything>: what the earlier application's client writes. False, not null, for nobody.
create or replace function modelstore_private.is_legacy_own(path text) returns boolean language sql stable set search_path = '' as $$
  select coalesce(modelstore_private.space_in(path) is null and split_part(path, '/', 1) = modelstore_private.me_or_null()::text
    and modelstore_private.legacy_path_is_own(modelstore_private.me_or_null(), path), false)
$$;

-- The folders that somebody may read as a whole: asked once a question, not once a row, of which there may be many thousands.
create or replace function modelstore_private.my_folders() returns text[]
language sql stable security definer set search_path = '' as $$
  select case when who is null then '{}' else array(select who::text union select m.space_id::text from public.modelstore_members m
    where m.user_id = who or m.group_name = any (modelstore_private.groups())) end
  from modelstore_private.me_or_null() who
$$;

-- Names of files are not for recipients: who lists, is asked for no share.
create or replace function modelstore_private.is_listing() returns boolean
language sql stable security definer set search_path = '' as $$
  select coalesce(current_setting('storage.operation', true), '') ~ 'list'
$$;

create or replace function modelstore_private.may_receive(path text) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from public.trained_models m
    join modelstore_private.shared_with(modelstore_private.me_or_null()) s on s.model_id = m.id
    where m.model_file_path = modelstore_private.key_in_row(path))
$$;

-- Bytes of files in a space, besides those of one key.
create or replace function modelstore_private.bytes_sent(space uuid, besides text) returns numeric language sql volatile set search_path = '' as $$
  select coalesce(sum((o.metadata ->> 'size')::bigint), 0) from storage.objects o
  where o.bucket_id = 'model-files' and o.name collate "C" >= space || '/' and o.name collate "C" < space || '0' and o.name <> besides
$$;

create or replace function modelstore_private.may_send(path text, metadata jsonb) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  space uuid := modelstore_private.space_in(path);
  named public.trained_models;
  quota bigint;
begin
  if coalesce(current_setting('storage.operation', true), '') = '' then
    return false;  -- a row of objects without bytes, made through another door
  end if;
  if space is null then
    if not (modelstore_private.is_legacy_own(path) and modelstore_private.earlier_application()) then
      return false;
    end if;
    space := modelstore_private.me_or_null();
  elsif modelstore_private.rank_in(space) < 2 then
    return false;
  else
    select m.* into named from public.trained_models m where m.model_file_path = modelstore_private.key_in_row(path) limit 1;
    if (path like '%.pkl' and named.id is not null) or (path like '%.probe' and named.state is distinct from 'ready') then
      return false;
    end if;
  end if;
  quota := modelstore_private.quota_of(space);
  if quota is null then
    return true;
  end if;
  return modelstore_private.bytes_sent(space, path) + coalesce((metadata ->> 'contentLength')::bigint, (metadata ->> 'size')::bigint, 0) <= quota;
end $$;

create or replace function modelstore_private.is_named(path text) returns boolean language sql volatile set search_path = '' as $$
  select exists (select from public.trained_models m
    where m.model_file_path = modelstore_private.key_in_row(path) and m.state <> 'purged')
$$;

-- Only what no row names may be removed. The lock is not waited for: Storage holds the object's row already, and a commit that
-- holds the lock waits for nothing of ours. VOLATILE: looks again after the lock.
create or replace function modelstore_private.may_remove(path text, owner text) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  rank integer := modelstore_private.rank_in(modelstore_private.space_in(path));
begin
  if rank < 2 and not modelstore_private.is_legacy_own(path) then
    return false;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('modelstore:' || modelstore_private.key_in_row(path), 0)) or modelstore_private.is_named(path) then
    return false;
  end if;
  return rank <> 2 or owner = modelstore_private.me_or_null()::text  -- a save of another editor's may be on its way
    or exists (select from public.trained_models m where m.model_file_path = modelstore_private.key_in_row(path));
end $$;

-- The same for whoever has no policies: service_role, the dashboard.
create or replace function modelstore_private.keep_object() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if old.bucket_id is distinct from 'model-files' then
    return old;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('modelstore:' || modelstore_private.key_in_row(old.name), 0)) or modelstore_private.is_named(old.name) then
    return null;
  end if;
  return old;
end $$;

-- Asked again when the bytes have come, one upload of a space after the other: before, several were each told that there is room,
-- and who does not say a length was not asked. Refused as may_send refuses.
create or replace function modelstore_private.require_room_for(path text, size bigint) returns void
language plpgsql volatile set search_path = '' as $$
declare
  space uuid := case when path ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/' then left(path, 36)::uuid end;
  quota bigint := modelstore_private.quota_of(space);
begin
  if space is null or size is null or quota is null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('modelstore-sent:' || space, 0));
  if modelstore_private.bytes_sent(space, path) + size > quota then
    raise exception using errcode = '42501', message = 'new row violates row-level security policy for table "objects"';
  end if;
end $$;

-- A key is used once: neither a second upload that comes late nor one of what was purged meanwhile takes its place. This runs
-- before the policy: who may not send there is refused by that, and is not told here that something was purged.
create or replace function modelstore_private.once() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if new.bucket_id = 'model-files' and tg_op = 'INSERT' then
    if current_setting('role') in ('anon', 'authenticated') and modelstore_private.rank_in(modelstore_private.space_in(new.name)) < 2 then
      return new;
    end if;
    perform modelstore_private.lock_object(modelstore_private.key_in_row(new.name));
    if exists (select from public.trained_models m where m.model_file_path = modelstore_private.key_in_row(new.name) and m.state = 'purged') then
      raise exception using errcode = '23505', message = 'The resource already exists';
    end if;
    perform modelstore_private.require_room_for(new.name, (new.metadata ->> 'size')::bigint);
  elsif tg_op = 'UPDATE' and 'model-files' in (old.bucket_id, new.bucket_id)
    and (new.bucket_id, new.name, new.version, new.metadata ->> 'size', new.metadata ->> 'eTag')
      is distinct from (old.bucket_id, old.name, old.version, old.metadata ->> 'size', old.metadata ->> 'eTag')
    and (modelstore_private.space_in(old.name) is not null or modelstore_private.is_named(old.name)) then
    raise exception using errcode = '23505', message = 'The resource already exists';
  end if;
  return new;
end $$;

insert into storage.buckets (id, name, public) values ('model-files', 'model-files', false)
on conflict (id) do update set public = false;
