-- What one person may upload: so many files and bytes in an hour. Storage asks the policies by an insert of its user that
-- it rolls back, receives the file, and then inserts its row as service_role, in the name of the owner: that one is
-- counted here, and refused if others were faster. Whatever else service_role uploads has no owner.
create or replace function private.uploads_limited()
returns trigger
language plpgsql security definer
set search_path = ''
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
    select from private.my_participations p where p.conversation_id::text = (storage.foldername(new.name))[3]
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
