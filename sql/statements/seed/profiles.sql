-- Create the profiles that the trigger chat_sync_profile would create, or set their times if it did.
--   people  jsonb  array of {id, email, full_name, created_at}
insert into public.user_profiles (id, email, full_name, created_at, updated_at)
select p.id, p.email, p.full_name, p.created_at, p.created_at
from jsonb_to_recordset(%(people)s::jsonb) as p (id uuid, email text, full_name text, created_at timestamptz)
order by p.id
on conflict (id) do update set
  full_name = excluded.full_name, created_at = excluded.created_at, updated_at = excluded.updated_at;
