-- What is kept. A space owns names: a person's space has the person's id; a group's has its own. Every row says its space.
--
-- trained_models may be there already, from an earlier application: its columns stay as they are, ours are added, and what
-- its rows break is asked only of rows that have a save_id.

do $$
declare
  owner name := (select tableowner from pg_catalog.pg_tables where schemaname = 'public' and tablename = 'trained_models');
begin
  if (select rolsuper or not rolbypassrls from pg_catalog.pg_roles where rolname = current_user) then
    raise exception 'This must run as a role like a project''s postgres: no superuser, with BYPASSRLS; it is %.', current_user;
  elsif owner is distinct from current_user and owner is not null then
    raise exception 'public.trained_models belongs to the role %; it must belong to %.', owner, current_user;
  elsif owner is not null and to_regclass('modelstore_private.migrations') is null
    and current_setting('modelstore.adopt', true) is distinct from 'yes' then
    raise exception 'There is a table trained_models, of an earlier application.'
      using hint = 'To keep its rows and take it over: jupyter modelstore init --adopt';
  end if;
end $$;

create schema if not exists modelstore_private;
revoke all on schema modelstore_private from public, anon, authenticated, service_role;

create table if not exists modelstore_private.migrations (
  number integer primary key,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default now()
);

create table if not exists modelstore_private.settings (
  only_row boolean primary key default true check (only_row),
  earlier_application boolean not null default false,  -- may its client still insert, delete and upload?
  person_quota bigint check (person_quota >= 0),       -- bytes; null: no limit
  group_quota bigint check (group_quota >= 0)
);
insert into modelstore_private.settings (earlier_application)
values (current_setting('modelstore.adopt', true) is not distinct from 'yes') on conflict do nothing;

create table if not exists public.modelstore_spaces (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('person', 'group')),
  name text unique check (char_length(name) between 1 and 100),
  quota_bytes bigint check (quota_bytes >= 0),         -- null: the setting's
  created_at timestamptz not null default now(),
  check ((kind = 'group') = (name is not null))
);

-- A member is a person, or everybody whose signed token names the group.
create table if not exists public.modelstore_members (
  id uuid primary key default gen_random_uuid(),
  space_id uuid not null references public.modelstore_spaces on delete cascade,
  user_id uuid,
  group_name text,
  role text not null check (role in ('reader', 'editor', 'admin')),
  added_by uuid,
  added_at timestamptz not null default now(),
  check ((user_id is null) <> (group_name is null)),
  unique (space_id, user_id),
  unique (space_id, group_name)
);
create index if not exists modelstore_members_user on public.modelstore_members (user_id);
create index if not exists modelstore_members_group on public.modelstore_members (group_name);

-- The counter of each name. It only grows, and stays when the last version has gone: no number is given twice.
create table if not exists modelstore_private.names (
  space_id uuid not null,
  name_key text not null collate "C",
  model_name text not null,
  next_version integer not null check (next_version > 0),
  renamed_to text collate "C",
  primary key (space_id, name_key)
);

create table if not exists public.trained_models (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  file_id uuid,
  model_name text not null,
  model_type text,
  algorithm text,
  metrics jsonb,
  training_config jsonb,
  model_file_path text,
  model_file_size bigint,
  feature_columns text[],
  target_column text,
  training_time_seconds numeric,
  training_samples integer,
  test_samples integer,
  status text,
  description text,
  tags text[],
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_downloaded_at timestamptz
);

alter table public.trained_models
  add column if not exists space_id uuid,
  add column if not exists version integer,
  add column if not exists save_id uuid,
  add column if not exists sha256 text,
  add column if not exists head_blake3 text,
  add column if not exists format text,
  add column if not exists format_version integer,
  add column if not exists origin text not null default 'legacy',
  add column if not exists environment jsonb,
  add column if not exists source jsonb,
  add column if not exists signature jsonb,
  add column if not exists deleted_at timestamptz,
  add column if not exists extra jsonb,
  add column if not exists name_key text collate "C",
  add column if not exists search text collate "C",
  add column if not exists state text;

comment on column public.trained_models.state is
  'ready, missing or purged, whatever words an earlier application uses in status';

-- A stranger must not learn a word from the planner's estimate of a row count. What has few words of ours keeps its statistics.
do $$
declare
  word text;
begin
  foreach word in array array['id', 'file_id', 'save_id', 'model_name', 'name_key', 'search', 'model_type', 'algorithm', 'metrics',
    'training_config', 'model_file_path', 'feature_columns', 'target_column', 'status', 'description', 'tags', 'sha256',
    'head_blake3', 'environment', 'source', 'signature', 'extra'] loop
    execute format('alter table public.trained_models alter column %I set statistics 0', word);
  end loop;
end $$;

alter table public.trained_models drop constraint if exists modelstore_saved_row;
alter table public.trained_models add constraint modelstore_saved_row check (
  save_id is null or (
    space_id is not null and user_id is not null and version is not null and version > 0
    and origin in ('fitted', 'file', 'import')
    and status in ('ready', 'missing', 'purged')
    and (status = 'purged' or (sha256 is not null and sha256 ~ '^[0-9a-f]{64}$'
      and model_file_size is not null and model_file_size >= 0
      and model_file_path is not distinct from space_id || '/' || save_id || '.pkl'))
  )
);
alter table public.trained_models drop constraint if exists modelstore_legacy_row;
alter table public.trained_models add constraint modelstore_legacy_row check (save_id is not null or origin = 'legacy');

create unique index if not exists modelstore_version on public.trained_models (space_id, name_key, version);
create unique index if not exists modelstore_save on public.trained_models (space_id, save_id);
create index if not exists modelstore_path on public.trained_models (model_file_path);
create index if not exists modelstore_newest on public.trained_models (space_id, name_key, state desc, version desc)
  include (id, created_at) where deleted_at is null and state in ('ready', 'missing');
create index if not exists modelstore_recent on public.trained_models (space_id, created_at desc, id);
create index if not exists modelstore_owner on public.trained_models (user_id, created_at desc);
create index if not exists modelstore_sizes on public.trained_models (space_id)
  include (user_id, model_file_size, state, deleted_at, name_key);
create index if not exists modelstore_person_sizes on public.trained_models (user_id) include (model_file_size, state);

create table if not exists public.modelstore_aliases (
  space_id uuid not null,
  name_key text not null collate "C",
  alias_key text not null collate "C",
  alias text not null,
  version integer not null,
  primary key (space_id, name_key, alias_key)
);
create index if not exists modelstore_aliases_version on public.modelstore_aliases (space_id, name_key, version);

create table if not exists public.modelstore_alias_history (
  id bigint generated always as identity primary key,
  space_id uuid not null,
  name_key text not null collate "C",
  alias_key text not null collate "C",
  alias text not null,
  version integer,    -- null: removed
  previous integer,
  at timestamptz not null default clock_timestamp(),
  actor uuid,
  who text not null,
  why text not null default ''
);
create index if not exists modelstore_alias_history_name
  on public.modelstore_alias_history (space_id, name_key, alias_key, id desc);

-- One model to one person; of a version, never of a name: a later model of the name is another matter.
create table if not exists public.modelstore_shares (
  id uuid primary key default gen_random_uuid(),
  model_id uuid not null references public.trained_models on delete cascade,
  space_id uuid not null,
  grantee uuid not null,
  granted_by uuid not null,
  created_at timestamptz not null default now(),
  until timestamptz,
  revoked_at timestamptz
);
create unique index if not exists modelstore_shares_live
  on public.modelstore_shares (model_id, grantee) where revoked_at is null;
create index if not exists modelstore_shares_model on public.modelstore_shares (model_id);  -- of the foreign key
create index if not exists modelstore_shares_grantee on public.modelstore_shares (grantee) where revoked_at is null;

create table if not exists public.modelstore_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  space_id uuid not null,
  model_id uuid,
  actor uuid,
  what text not null,
  details jsonb not null default '{}'
);
create index if not exists modelstore_events_space on public.modelstore_events (space_id, id desc);
-- One line an actor, model and minute: downloads in a loop do not flood the log.
create unique index if not exists modelstore_events_download
  on public.modelstore_events (model_id, actor, date_bin('1 minute', at, '2000-01-01 00:00+00')) where what = 'download';

alter table modelstore_private.migrations enable row level security;
alter table modelstore_private.settings enable row level security;
alter table modelstore_private.names enable row level security;
alter table public.modelstore_spaces enable row level security;
alter table public.modelstore_members enable row level security;
alter table public.trained_models enable row level security;
alter table public.modelstore_aliases enable row level security;
alter table public.modelstore_alias_history enable row level security;
alter table public.modelstore_shares enable row level security;
alter table public.modelstore_events enable row level security;
