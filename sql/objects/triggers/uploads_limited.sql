-- Limit the files and bytes that one person uploads per hour. Storage first checks the policies with an insert as its
-- user, which it rolls back; then it receives the file and inserts the row as service_role, with the user as owner. That
-- row is counted here, and refused if parallel uploads have used up the limit. Other uploads of service_role have no
-- owner.
create or replace function private.uploads_limited()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  uploader uuid := private.api_writer('objects');
  size text := coalesce(new.metadata ->> 'size', new.metadata ->> 'contentLength');
begin
  if current_setting('role', true) = 'service_role' then
    select p.id into uploader
    from public.user_profiles p
    where p.id = case
      when new.owner_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then new.owner_id::uuid
    end;
  end if;
  if uploader is null then
    return new;
  end if;
  perform private.refuse_spent(uploader, 'upload'), private.refuse_spent(uploader, 'upload_bytes');
  perform private.take_turn(uploader);
  if private.api_writer('objects') is not null and not exists (
    select from private.my_writable p where p.conversation_id::text = (storage.foldername(new.name))[3]
  ) then
    perform private.refuse_row('objects');
  end if;
  perform private.count_against_limit(uploader, 'upload');
  if size ~ '^[1-9][0-9]{0,14}$' then
    perform private.count_against_limit(uploader, 'upload_bytes', size::bigint);
  end if;
  return new;
end
$$;

revoke execute on function private.uploads_limited() from public;

create or replace trigger chat_uploads_limited
before insert on storage.objects
for each row when (new.bucket_id = 'attachments')
execute function private.uploads_limited();
