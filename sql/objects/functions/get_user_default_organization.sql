-- The organization for a new conversation of p_user_id: the one they joined first, or null.
create or replace function public.get_user_default_organization(p_user_id uuid)
returns uuid
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_caller(p_user_id);
  return (
    select om.organization_id
    from public.organization_members om
    where om.user_id = p_user_id
    order by om.joined_at, om.organization_id
    limit 1
  );
end
$$;

revoke execute on function public.get_user_default_organization(uuid) from public, anon;
grant execute on function public.get_user_default_organization(uuid) to authenticated, service_role;
