-- What a fresh database of a hosted project holds around auth and storage. Run by supabase_admin in each template.
create schema extensions;
create schema auth authorization supabase_auth_admin;
create schema storage authorization supabase_storage_admin;
create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;

grant usage on schema public to postgres, anon, authenticated, service_role;
grant usage on schema extensions to postgres, anon, authenticated, service_role;
grant create on schema extensions to postgres;
grant usage on schema auth to postgres, anon, authenticated, service_role, dashboard_user;
grant usage on schema storage to postgres with grant option;
grant usage on schema storage to anon, authenticated, service_role, dashboard_user;

alter default privileges for role supabase_auth_admin in schema auth grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on sequences to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on routines to postgres, dashboard_user;

-- Tables that the platform itself makes in public stay open to the API; those of postgres see old_grants.sql.
alter default privileges for role supabase_admin in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on sequences to postgres, anon, authenticated, service_role;

-- PostgREST learns of new tables and functions by itself, as in a hosted project.
create function extensions.pgrst_watch() returns event_trigger language plpgsql as $$
begin
  notify pgrst, 'reload schema';
end $$;
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_watch();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_watch();

-- postgres may make policies and triggers in auth and storage, and nothing else there.
create function extensions.guard_platform() returns event_trigger language plpgsql as $$
declare
  command record;
begin
  if current_user <> 'postgres' then
    return;
  end if;
  if tg_event = 'sql_drop' then
    for command in select * from pg_catalog.pg_event_trigger_dropped_objects() loop
      if command.original and command.schema_name in ('auth', 'storage') and command.object_type not in ('policy', 'trigger') then
        raise exception 'must be owner of %', command.object_identity using errcode = '42501';
      end if;
    end loop;
    return;
  end if;
  for command in select * from pg_catalog.pg_event_trigger_ddl_commands() loop
    if command.command_tag not in ('CREATE POLICY', 'ALTER POLICY', 'CREATE TRIGGER', 'COMMENT', 'GRANT', 'REVOKE')
      and (command.schema_name in ('auth', 'storage') or command.object_identity ~ '(^| on )(auth|storage)\.') then
      raise exception 'must be owner of %', command.object_identity using errcode = '42501';
    end if;
  end loop;
end $$;
create event trigger guard_platform on ddl_command_end execute function extensions.guard_platform();
create event trigger guard_platform_drop on sql_drop execute function extensions.guard_platform();
