-- Users as Supabase Auth creates them: confirmed, with a password. All columns are needed: Auth filters by instance_id
-- and aud, and fails for a user with a null token.
--   people    jsonb  array of {id, email, full_name, created_at}
--   password  text   bcrypt hash
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, created_at, updated_at,
  raw_app_meta_data, raw_user_meta_data, is_sso_user, is_anonymous,
  confirmation_token, recovery_token, email_change_token_new, email_change, email_change_token_current,
  email_change_confirm_status, phone_change, phone_change_token, reauthentication_token
)
select
  '00000000-0000-0000-0000-000000000000', p.id, 'authenticated', 'authenticated', p.email,
  %(password)s::text, p.created_at, p.created_at, p.created_at,
  '{"provider": "email", "providers": ["email"]}'::jsonb,
  jsonb_build_object('email_verified', true, 'full_name', p.full_name),
  false, false, '', '', '', '', '', 0, '', '', ''
from jsonb_to_recordset(%(people)s::jsonb) as p (id uuid, email text, full_name text, created_at timestamptz)
order by p.id;
