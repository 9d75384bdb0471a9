-- The claims that Supabase Auth writes into the access token of a user, but for those of a single session. Null without
-- such a user. What a custom access token hook adds is not known here. For `chatctl as`, which runs as the owner: roles
-- of operators do not read app_metadata.
create or replace function private.claims_of(p_user_id uuid)
returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'sub', u.id,
    'aud', coalesce(nullif(u.aud, ''), 'authenticated'),
    'role', coalesce(nullif(u.role, ''), 'authenticated'),
    'email', coalesce(u.email, ''),
    'phone', coalesce(u.phone, ''),
    'app_metadata', coalesce(u.raw_app_meta_data, '{}'),
    'user_metadata', coalesce(u.raw_user_meta_data, '{}'),
    'aal', 'aal1',
    'is_anonymous', u.is_anonymous
  )
  from auth.users u
  where u.id = p_user_id
$$;

revoke execute on function private.claims_of(uuid) from public;
