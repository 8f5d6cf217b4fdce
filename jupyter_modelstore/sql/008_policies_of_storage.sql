-- Last, and by itself: every statement here locks storage.objects, and with it tables of Auth and Storage, against everybody.
set local lock_timeout = '5s';

drop policy if exists modelstore_read on storage.objects;
create policy modelstore_read on storage.objects for select to authenticated
  using (bucket_id = 'model-files' and (split_part(name, '/', 1) = any ((select modelstore_private.my_folders())::text[])
    or (not (select modelstore_private.is_listing()) and modelstore_private.may_receive(name))));
drop policy if exists modelstore_read_only on storage.objects;
create policy modelstore_read_only on storage.objects as restrictive for select to authenticated
  using (bucket_id is distinct from 'model-files' or split_part(name, '/', 1) = any ((select modelstore_private.my_folders())::text[])
    or (not (select modelstore_private.is_listing()) and modelstore_private.may_receive(name)));

drop policy if exists modelstore_send on storage.objects;
create policy modelstore_send on storage.objects for insert to authenticated
  with check (bucket_id = 'model-files' and modelstore_private.may_send(name, metadata));
drop policy if exists modelstore_send_only on storage.objects;
create policy modelstore_send_only on storage.objects as restrictive for insert to authenticated
  with check (bucket_id is distinct from 'model-files' or modelstore_private.may_send(name, metadata));

drop policy if exists modelstore_no_change on storage.objects;
create policy modelstore_no_change on storage.objects as restrictive for update to authenticated
  using (bucket_id is distinct from 'model-files') with check (bucket_id is distinct from 'model-files');

drop policy if exists modelstore_remove on storage.objects;
create policy modelstore_remove on storage.objects for delete to authenticated
  using (bucket_id = 'model-files' and modelstore_private.may_remove(name, owner_id));
drop policy if exists modelstore_remove_only on storage.objects;
create policy modelstore_remove_only on storage.objects as restrictive for delete to authenticated
  using (bucket_id is distinct from 'model-files' or modelstore_private.may_remove(name, owner_id));

drop policy if exists modelstore_nobody on storage.objects;
create policy modelstore_nobody on storage.objects as restrictive for all to anon
  using (bucket_id is distinct from 'model-files') with check (bucket_id is distinct from 'model-files');

drop trigger if exists modelstore_keep_object on storage.objects;
create trigger modelstore_keep_object before delete on storage.objects for each row execute function modelstore_private.keep_object();
drop trigger if exists modelstore_once on storage.objects;
create trigger modelstore_once before insert or update on storage.objects for each row execute function modelstore_private.once();
