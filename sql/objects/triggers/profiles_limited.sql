-- Limit how often clients change their profile. Users who are muted everywhere cannot change theirs, because colleagues
-- see it.
create or replace function private.profiles_limited()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_writer('user_profiles');
begin
  if writer is not null then
    perform private.refuse_muted(writer);
    perform private.count_against_limit(writer, 'profile');
  end if;
  return new;
end
$$;

revoke execute on function private.profiles_limited() from public;

create or replace trigger profiles_limited
before update on public.user_profiles
for each row execute function private.profiles_limited();
