-- Who is asking, what they may do, and the forms that names take. Definer functions see every row: each statement of theirs
-- names its space, and a space is only ever had through reader_of, editor_of or admin_of, which ask the signed token.

create or replace function modelstore_private.refuse(http integer, code text, said text, advice text default '')
returns void language plpgsql set search_path = '' as $$
begin
  raise exception using errcode = 'PT' || http, message = code, detail = said, hint = advice;
end $$;

-- ---- who ------------------------------------------------------------------------------------------------------------

create or replace function modelstore_private.claims() returns jsonb language sql stable set search_path = '' as $$
  select coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb, '{}')
$$;

create or replace function modelstore_private.me() returns uuid language plpgsql stable set search_path = '' as $$
declare
  claims jsonb := modelstore_private.claims();
  uid uuid := auth.uid();
begin
  if uid is null or claims ->> 'role' is distinct from 'authenticated' or claims ->> 'is_anonymous' = 'true' then
    perform modelstore_private.refuse(401, 'not_signed_in', 'Nobody is signed in.', 'Sign in with an account of this project.');
  end if;
  return uid;
end $$;

-- As me(), for policies: nobody is null there, not an error. What a policy calls is a definer, since whoever asks has no usage of
-- this schema, and names inside are looked up when it runs.
create or replace function modelstore_private.me_or_null() returns uuid language sql stable security definer set search_path = '' as $$
  select auth.uid() from modelstore_private.claims() c
  where c ->> 'role' = 'authenticated' and c ->> 'is_anonymous' is distinct from 'true'
$$;

-- Groups stand in app_metadata, which only the project writes; user_metadata is the user's own and says nothing.
create or replace function modelstore_private.groups() returns text[] language sql stable set search_path = '' as $$
  select case when jsonb_typeof(g) = 'array'
    then array(select item #>> '{}' from jsonb_array_elements(g) item where jsonb_typeof(item) = 'string') else '{}' end
  from (select modelstore_private.claims() #> '{app_metadata,hub_groups}' as g) claimed
$$;

-- How other people read the name of who is asking: from the signed part of the token.
create or replace function modelstore_private.handle() returns text language sql stable set search_path = '' as $$
  select left(coalesce(nullif(c #>> '{app_metadata,hub_user}', ''), nullif(c ->> 'email', ''), c ->> 'sub'), 200)
  from modelstore_private.claims() c
$$;

-- 0 nothing, 1 reader, 2 editor, 3 admin
create or replace function modelstore_private.rank_in(space uuid) returns integer
language sql stable security definer set search_path = '' as $$
  select case when who is null or space is null then 0 when who = space then 3 else coalesce((
    select max(case m.role when 'admin' then 3 when 'editor' then 2 else 1 end) from public.modelstore_members m
    where m.space_id = space and (m.user_id = who or m.group_name = any (modelstore_private.groups()))), 0) end
  from modelstore_private.me_or_null() who
$$;

-- The space that a question means: a uuid, a group's name, or nothing for one's own. One answer for what is not there and
-- what is not for me.
create or replace function modelstore_private.space_of(q jsonb, needed integer) returns uuid
language plpgsql stable set search_path = '' as $$
declare
  who uuid := modelstore_private.me();
  said text := q ->> 'space';
  target uuid;
  rank integer;
begin
  if coalesce(said, '') in ('', 'me') then
    return who;
  end if;
  if said ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then
    target := said::uuid;
  else
    select id into target from public.modelstore_spaces where name = said;
  end if;
  rank := modelstore_private.rank_in(target);
  if rank = 0 then
    perform modelstore_private.refuse(404, 'not_found', 'There is no such space.', 'Leave the space out to mean your own.');
  elsif rank < needed then
    perform modelstore_private.refuse(403, 'forbidden', 'You may read this space, not do that in it.', 'Ask an admin of the space.');
  end if;
  return target;
end $$;

create or replace function modelstore_private.reader_of(q jsonb) returns uuid language sql stable set search_path = '' as $$
  select modelstore_private.space_of(q, 1)
$$;
create or replace function modelstore_private.editor_of(q jsonb) returns uuid language sql stable set search_path = '' as $$
  select modelstore_private.space_of(q, 2)
$$;
create or replace function modelstore_private.admin_of(q jsonb) returns uuid language sql stable set search_path = '' as $$
  select modelstore_private.space_of(q, 3)
$$;

-- ---- locks: a person, then a space, then an object; nothing else waits for the first two ------------------------------

create or replace function modelstore_private.lock_space(space uuid) returns void language sql volatile set search_path = '' as $$
  select pg_advisory_xact_lock(hashtextextended('modelstore-space:' || space, 0))
$$;

create or replace function modelstore_private.lock_to_save(space uuid) returns void language plpgsql volatile set search_path = '' as $$
begin
  perform modelstore_private.lock_space(modelstore_private.me());  -- what a person may keep counts over all spaces
  perform modelstore_private.lock_space(space);
end $$;

create or replace function modelstore_private.lock_object(path text) returns void language sql volatile set search_path = '' as $$
  select pg_advisory_xact_lock(hashtextextended('modelstore:' || path, 0))
$$;

-- ---- names ----------------------------------------------------------------------------------------------------------

-- Without regard to case, in any script, as Python's casefold has it: lower, upper and lower again folds what lower alone
-- leaves, as ß and ss; dotless i is a letter of its own; a final sigma is a sigma.
-- Without SET it is inlined where a row's tags are compared; RETURN binds its names now, not when it runs.
create or replace function modelstore_private.key_of(said text) returns text language sql immutable strict parallel safe
return normalize(translate(
  lower(upper(lower(translate(normalize(said, nfc), U&'\0131', U&'\E131') collate "und-x-icu") collate "und-x-icu") collate "und-x-icu"),
  U&'\E131\03C2', U&'\0131\03C3'), nfc);

create or replace function modelstore_private.clean_name(said text) returns text language plpgsql immutable set search_path = '' as $$
begin
  if said is null or said = '' or char_length(said) > 100 or said is not nfc normalized
    or said ~ U&'[\0001-\001f!"#$%''*/:;<=>?@[\005c\005c\005c\005d^`{|}~\007f-\00a9\00ab-\00b1\00b4\00b6-\00b8\00bb\00bf\00d7\00f7]'
    or said ~ U&'[\1680\2000-\206f\2190-\245f\2500-\2775\2794-\2bff\3000-\3004\3008-\3020\fe10-\fe1f\fe30-\fe6f\fff0-\ffff\feff\061c\180e\e000-\f8ff]'
    or said ~ '^[ ._+()&,-]' or said ~ ' $' then
    perform modelstore_private.refuse(400, 'invalid_name', 'This cannot be a name.',
      'A name has 1 to 100 letters and digits of any script, space and . _ - + ( ) & , and starts with a letter or digit.');
  end if;
  return said;
end $$;

create or replace function modelstore_private.clean_alias(said text) returns text language plpgsql immutable set search_path = '' as $$
begin
  perform modelstore_private.clean_name(said);
  if char_length(said) > 50 or said ~ '[ .+()&,]' or said ~ '^[0-9_-]' or lower(said) = 'latest' or said ~* '^v[0-9]+$' then
    perform modelstore_private.refuse(400, 'invalid_name', 'This cannot be an alias.',
      'An alias has 1 to 50 letters, digits, - or _ and starts with a letter; it is not latest, nor v and a number.');
  end if;
  return said;
end $$;

create or replace function modelstore_private.clean_text(said text, most integer default 10000) returns text
language plpgsql immutable set search_path = '' as $$
begin
  if char_length(said) > most or said ~ U&'[\0001-\0008\000b-\001f\007f-\009f]' then
    perform modelstore_private.refuse(400, 'invalid_value', format('A text has at most %s characters, and no control characters.', most));
  end if;
  return said;
end $$;

-- What a reader may choke on, or a server: a megabyte, a hundred levels, and numbers that Python reads. Its own length is asked first:
-- a number of nine bytes may be written with 131,072 digits.
create or replace function modelstore_private.is_modest(value jsonb) returns boolean language plpgsql immutable set search_path = '' as $$
begin
  return pg_column_size(value) <= 8000000 and not jsonb_path_exists(value, 'strict $.**{100}')
    and not jsonb_path_exists(value, 'strict $.** ? (@.type() == "number" && (@ > 1e308 || @ < -1e308))')
    and octet_length(value::text) <= 1000000;
end $$;

create or replace function modelstore_private.texts(list jsonb) returns text[] language plpgsql immutable set search_path = '' as $$
begin
  if jsonb_typeof(list) is distinct from 'array' then
    return null;
  elsif not modelstore_private.is_modest(list) or exists (select from jsonb_array_elements(list) item where jsonb_typeof(item) <> 'string') then
    perform modelstore_private.refuse(400, 'invalid_value', 'A list of texts has texts only, and at most 1 MB.');
  end if;
  return array(select item #>> '{}' from jsonb_array_elements(list) with ordinality as l(item, n) order by n);
end $$;

create or replace function modelstore_private.clean_tags(list jsonb) returns text[] language plpgsql immutable set search_path = '' as $$
declare
  tags text[] := coalesce(modelstore_private.texts(list), '{}');
  tag text;
begin
  if cardinality(tags) > 50 then
    perform modelstore_private.refuse(400, 'invalid_value', 'A model has at most 50 tags.');
  end if;
  foreach tag in array tags loop
    if tag is null or tag = '' or tag is not nfc normalized or tag <> btrim(tag) then
      perform modelstore_private.refuse(400, 'invalid_value', 'This cannot be a tag.', 'A tag has 1 to 50 visible characters.');
    end if;
    perform modelstore_private.clean_text(tag, 50);
  end loop;
  return tags;
end $$;

-- An object of a draft, or {}: of that type, and no larger than a row should be.
create or replace function modelstore_private.object_of(q jsonb, field text) returns jsonb
language plpgsql immutable set search_path = '' as $$
declare
  value jsonb := coalesce(nullif(q -> field, 'null'), '{}');
begin
  if jsonb_typeof(value) <> 'object' or not modelstore_private.is_modest(value) then
    perform modelstore_private.refuse(400, 'invalid_value', format('%s must be a JSON object of at most 1 MB and 100 levels, its numbers between -1e308 and 1e308.', field));
  end if;
  return value;
end $$;

create or replace function modelstore_private.uuid_of(q jsonb, field text) returns uuid
language plpgsql immutable set search_path = '' as $$
begin
  if coalesce(q ->> field, '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    perform modelstore_private.refuse(400, 'invalid_value', format('%s must be a uuid in lower case.', field));
  end if;
  return (q ->> field)::uuid;
end $$;

create or replace function modelstore_private.integer_of(q jsonb, field text, lowest bigint, highest bigint) returns bigint
language plpgsql immutable set search_path = '' as $$
begin
  if q ->> field is null then
    return null;
  end if;
  if jsonb_typeof(q -> field) <> 'number' or (q ->> field)::numeric <> trunc((q ->> field)::numeric)
    or (q ->> field)::numeric not between lowest and highest then
    perform modelstore_private.refuse(400, 'invalid_value', format('%s must be a whole number from %s to %s.', field, lowest, highest));
  end if;
  return (q ->> field)::numeric::bigint;
end $$;

create or replace function modelstore_private.time_of(q jsonb, field text) returns timestamptz
language plpgsql stable set search_path = '' as $$
begin
  return (q ->> field)::timestamptz;
exception when others then
  perform modelstore_private.refuse(400, 'invalid_value', format('%s is no time.', field), 'Write an ISO 8601 time with its zone.');
end $$;

create or replace function modelstore_private.seconds_of(q jsonb, field text) returns double precision
language plpgsql immutable set search_path = '' as $$
begin
  if q ->> field is not null and (jsonb_typeof(q -> field) <> 'number' or (q ->> field)::numeric not between 0 and 1e12) then
    perform modelstore_private.refuse(400, 'invalid_value', format('%s must be a number of seconds, from 0.', field));
  end if;
  return round((q ->> field)::numeric, 9);
end $$;

create or replace function modelstore_private.yes(q jsonb, field text) returns boolean language sql immutable set search_path = '' as $$
  select coalesce(q -> field = 'true'::jsonb, false)
$$;

-- A metric as a number that can be compared; those that JSON does not have are written {"$float": "inf"}.
create or replace function modelstore_private.number_of(metrics jsonb, metric text) returns double precision
language sql immutable set search_path = '' as $$
  select case jsonb_typeof(metrics -> metric)
    when 'number' then case when abs((metrics ->> metric)::numeric) between 1e-300 and 1.7e308 then (metrics ->> metric)::double precision
      when abs((metrics ->> metric)::numeric) < 1 then 0 else sign((metrics ->> metric)::numeric)::double precision * 'Infinity' end  -- else it raises
    when 'object' then case metrics #>> array[metric, '$float'] when 'inf' then 'Infinity' when '-inf' then '-Infinity' end::double precision
  end
$$;

-- These two are asked many times a row: without SET they are inlined, and RETURN binds their names now, not when they run.
create or replace function modelstore_private.or_nothing(value jsonb) returns jsonb language sql immutable parallel safe
return case when jsonb_typeof(value) = 'object' then value else '{}'::jsonb end;

create or replace function modelstore_private.iso(at timestamptz) returns text language sql stable parallel safe
return to_char(case when at < '0001-01-01 00:00:00Z' then '0001-01-01 00:00:00Z' when at > '9999-12-31 23:59:59Z' then '9999-12-31 23:59:59Z' else at end
  at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"');

-- ---- rows that other rows are made from -------------------------------------------------------------------------------

create or replace function modelstore_private.note(space uuid, model uuid, what text, details jsonb default '{}') returns void
language sql volatile set search_path = '' as $$
  insert into public.modelstore_events (space_id, model_id, actor, what, details)
  values (space, model, modelstore_private.me_or_null(), what, details) on conflict do nothing
$$;

create or replace function modelstore_private.used_by_rows(space uuid) returns numeric language sql stable set search_path = '' as $$
  select coalesce(sum(greatest(model_file_size, 0)), 0) from public.trained_models where space_id = space and state <> 'purged'
$$;

create or replace function modelstore_private.quota_of(space uuid) returns bigint language sql stable set search_path = '' as $$
  select coalesce(s.quota_bytes, case when coalesce(s.kind, 'person') = 'person' then d.person_quota else d.group_quota end)
  from modelstore_private.settings d left join public.modelstore_spaces s on s.id = space
$$;

-- A number of bytes for people, as the client writes it: 1.9 kB, 67 MB.
create or replace function modelstore_private.size_text(bytes numeric) returns text language sql immutable set search_path = '' as $$
  select case when bytes < 1000 then bytes || ' B' else (
    select to_char(bytes / 1000 ^ n, case when bytes / 1000 ^ n < 9.95 then 'FM990.0' else 'FM999999990' end)
      || (array[' kB', ' MB', ' GB', ' TB', ' PB'])[n]
    from generate_series(1, 5) n where n = 5 or bytes / 1000 ^ n < 999.5 order by n limit 1) end
$$;

-- Refuse what would go beyond the space's quota, or beyond that of the person who saves, over all spaces.
create or replace function modelstore_private.require_room(space uuid, person uuid, size bigint) returns void
language plpgsql stable set search_path = '' as $$
declare
  quota bigint := modelstore_private.quota_of(space);
  used numeric := modelstore_private.used_by_rows(space);
begin
  if used + size > quota then
    perform modelstore_private.refuse(413, 'quota_exceeded', format('%s of %s are used, the trash counted; this needs %s.',
      modelstore_private.size_text(used), modelstore_private.size_text(quota), modelstore_private.size_text(size)),
      'Empty the trash, or delete what is no longer needed.');
  end if;
  quota := modelstore_private.quota_of(person);
  select coalesce(sum(greatest(model_file_size, 0)), 0) into used from public.trained_models where user_id = person and state <> 'purged';
  if used + size > quota then
    perform modelstore_private.refuse(413, 'quota_exceeded', format('You keep %s of %s over all spaces, the trash counted; this needs %s.',
      modelstore_private.size_text(used), modelstore_private.size_text(quota), modelstore_private.size_text(size)),
      'Empty the trash, or delete what is no longer needed.');
  end if;
end $$;

-- Give a name its next number, or the wanted one if it is above all that ever were. Under the space's lock.
create or replace function modelstore_private.next_number(space uuid, called text, wanted integer default null) returns integer
language sql volatile set search_path = '' as $$
  insert into modelstore_private.names as n (space_id, name_key, model_name, next_version)
  values (space, modelstore_private.key_of(called), called, greatest(coalesce(wanted, 1), 1) + 1)
  on conflict (space_id, name_key) do update
    set next_version = greatest(n.next_version, coalesce(wanted, 0)) + 1, renamed_to = null
  returning next_version - 1
$$;

-- The name under which the first version of a name was written.
create or replace function modelstore_private.written(space uuid, called text) returns text language sql stable set search_path = '' as $$
  select coalesce((select n.model_name from modelstore_private.names n
    where n.space_id = space and n.name_key = modelstore_private.key_of(called)), called)
$$;

create or replace function modelstore_private.bytes_of(path text) returns bigint language sql volatile set search_path = '' as $$
  select (o.metadata ->> 'size')::bigint from storage.objects o where o.bucket_id = 'model-files' and o.name = path
$$;
