-- The identity by which each of the people signs in with email and password.
--   people  jsonb  array of {id, email, full_name, created_at}
insert into auth.identities (
  id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at
)
select
  p.id, p.id::text, p.id,
  jsonb_build_object('sub', p.id, 'email', p.email, 'email_verified', false, 'phone_verified', false),
  'email', p.created_at, p.created_at, p.created_at
from jsonb_to_recordset(%(people)s::jsonb) as p (id uuid, email text, full_name text, created_at timestamptz)
order by p.id;
