-- The rules of Supabase's linter (splinter), written anew: each answers with the names of what it finds.
-- Between two headings: one query. Unused indexes are judged where there are rows, by the benchmark of the database.

-- lint: security_definer_view
select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'
  and not coalesce(lower(array_to_string(c.reloptions, ',')) ~ 'security_invoker=(true|on|1|yes)', false);

-- lint: rls_disabled_in_public
select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity;

-- lint: policy_exists_rls_disabled
select distinct c.oid::regclass::text from pg_policy p join pg_class c on c.oid = p.polrelid where not c.relrowsecurity;

-- lint: rls_enabled_no_policy
select c.oid::regclass::text from pg_class c where c.relnamespace::regnamespace::text in ('public', 'modelstore_private')
  and c.relrowsecurity and not exists (select from pg_policy p where p.polrelid = c.oid);

-- lint: function_search_path_mutable
select p.oid::regprocedure::text from pg_proc p where p.pronamespace::regnamespace::text in ('public', 'modelstore_private')
  and not exists (select from unnest(p.proconfig) c where c like 'search_path=%')
  -- with RETURN or BEGIN ATOMIC names are bound when it is made
  and p.prosqlbody is null;

-- lint: auth_users_exposed
select distinct c.oid::regclass::text from pg_depend d join pg_rewrite r on r.oid = d.objid join pg_class c on c.oid = r.ev_class
where d.refobjid = 'auth.users'::regclass and c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
  and (has_table_privilege('anon', c.oid, 'select') or has_table_privilege('authenticated', c.oid, 'select'));

-- lint: auth_rls_initplan
select tablename || '.' || policyname from pg_policies where schemaname in ('public', 'storage')
  and regexp_replace(concat(qual, ' ', with_check), '\( *SELECT (auth\.\w+\(\)|current_setting\([^)]*\))', '', 'gi')
    ~* '(auth\.(uid|jwt|role|email)\(\)|current_setting\()';

-- lint: multiple_permissive_policies
select tablename || ' ' || role || ' ' || command from pg_policies, unnest(roles) role,
  unnest(case cmd when 'ALL' then array['SELECT', 'INSERT', 'UPDATE', 'DELETE'] else array[cmd] end) command
where schemaname in ('public', 'storage') and permissive = 'PERMISSIVE' group by schemaname, tablename, role, command having count(*) > 1;

-- lint: unindexed_foreign_keys
select c.conrelid::regclass || '.' || c.conname from pg_constraint c where c.contype = 'f'
  and c.connamespace::regnamespace::text in ('public', 'modelstore_private') and not exists (select from pg_index i
    where i.indrelid = c.conrelid and i.indpred is null and (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] = c.conkey);

-- lint: duplicate_index
select string_agg(i.indexrelid::regclass::text, ', ' order by i.indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace::regnamespace::text in ('public', 'modelstore_private')
group by i.indrelid, i.indkey::text, i.indclass::text, i.indoption::text, coalesce(pg_get_expr(i.indexprs, i.indrelid), ''),
  coalesce(pg_get_expr(i.indpred, i.indrelid), '') having count(*) > 1;

-- lint: no_primary_key
select c.oid::regclass::text from pg_class c where c.relnamespace::regnamespace::text in ('public', 'modelstore_private')
  and c.relkind in ('r', 'p') and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary);

-- lint: extension_in_public
select extname::text from pg_extension where extnamespace = 'public'::regnamespace;

-- lint: materialized_view_in_api
select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'm'
  and (has_table_privilege('anon', c.oid, 'select') or has_table_privilege('authenticated', c.oid, 'select'));

-- lint: unsupported_reg_types
select a.attrelid::regclass || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace::regnamespace::text in ('public', 'modelstore_private') and c.relkind in ('r', 'p') and a.attnum > 0
  and a.atttypid in ('regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype, 'regnamespace'::regtype,
    'regoper'::regtype, 'regoperator'::regtype, 'regproc'::regtype, 'regprocedure'::regtype);

-- lint: rls_references_user_metadata
select tablename || '.' || policyname from pg_policies where concat(qual, with_check) ~ 'user_metadata';

-- lint: rls_policy_always_true
select tablename || '.' || policyname from pg_policies where schemaname in ('public', 'storage') and permissive = 'PERMISSIVE'
  and (with_check = 'true' or (qual = 'true' and cmd <> 'SELECT'));

-- lint: anon_table_exposed
select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and has_any_column_privilege('anon', c.oid, 'select, insert, update');

-- lint: anon_security_definer_function_executable
select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
  and has_function_privilege('anon', p.oid, 'execute');

-- lint: authenticated_security_definer_function_executable
select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
  and has_function_privilege('authenticated', p.oid, 'execute');

-- lint: public_bucket_allows_listing
select b.id from storage.buckets b where b.public;
