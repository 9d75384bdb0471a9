-- Profiles: read by their owner and by people of a shared organization; name and avatar are changed by their owner.
revoke all on public.user_profiles from public, anon, authenticated;
grant select on public.user_profiles to authenticated;
grant update (full_name, avatar_url) on public.user_profiles to authenticated;

drop policy if exists "people read themselves and their colleagues" on public.user_profiles;
create policy "people read themselves and their colleagues"
on public.user_profiles for select to authenticated
using (
  id = (select private.current_user_id())
  or exists (select from private.my_colleagues c where c.user_id = user_profiles.id)
);

drop policy if exists "people change their own profile" on public.user_profiles;
create policy "people change their own profile"
on public.user_profiles for update to authenticated
using (id = (select private.current_user_id()))
with check (id = (select private.current_user_id()));
