-- The files of redacted and purged messages, which Storage has to delete.

create or replace view moderation.files_to_delete as
select f.bucket_id, f.name, f.since
from private.files_to_delete f;

revoke all on moderation.files_to_delete from public, anon, authenticated, service_role;

-- Forget the files that Storage has deleted. Returns how many.
create or replace function moderation.forget_deleted_files()
returns bigint
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  with forgotten as (
    delete from private.files_to_delete f
    where not exists (select from storage.objects o where o.bucket_id = f.bucket_id and o.name = f.name)
    returning f.name
  )
  select count(*) from forgotten
$$;

-- Delete the rows of files that wait for deletion, where there is no Storage that would delete them: on an embedded
-- server. Elsewhere the files themselves would stay behind, so operators have no right to it.
create or replace function private.delete_file_rows()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Storage sets this before it deletes; otherwise its trigger refuses.
  perform set_config('storage.allow_delete_query', 'true', true);
  delete from storage.objects o
  using private.files_to_delete f
  where o.bucket_id = f.bucket_id and o.name = f.name;
  perform set_config('storage.allow_delete_query', '', true);
end
$$;

revoke execute on function moderation.forget_deleted_files() from public;
revoke execute on function private.delete_file_rows() from public;
