-- Create a profile for each new auth user, and keep its email up to date.
create or replace function private.sync_profile()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into public.user_profiles as p (id, email, full_name, avatar_url)
  values (
    new.id,
    new.email,
    left(new.raw_user_meta_data ->> 'full_name', 255),
    left(new.raw_user_meta_data ->> 'avatar_url', 2048)
  )
  on conflict (id) do update set email = excluded.email, updated_at = now();
  return null;
end
$$;

revoke execute on function private.sync_profile() from public;

create or replace trigger chat_sync_profile
after insert or update of email on auth.users
for each row execute function private.sync_profile();
