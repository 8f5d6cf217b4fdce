-- Before 008 and in its transaction: the earlier application's own rules of its bucket go. One that also speaks of another bucket
-- stays: what it would let in here, the RESTRICTIVE rules of 008 keep out.
set local lock_timeout = '5s';

do $$
declare
  thing record;
begin
  for thing in select policyname from pg_catalog.pg_policies
    where (schemaname, tablename) = ('storage', 'objects') and policyname not like 'modelstore\_%'
      and concat(qual, with_check) like '%bucket_id = ''model-files''::text%'
      and replace(concat(qual, with_check), 'bucket_id = ''model-files''::text', '') !~* '\m(bucket_id|or)\M' loop
    execute format('drop policy %I on storage.objects', thing.policyname);
  end loop;
end $$;
