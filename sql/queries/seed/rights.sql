-- The privileges of this role that seeding needs: read and write Auth, load tables despite policies, and disable the
-- triggers of our tables. One privilege per call: with a list, any of them would suffice.
with ours as (
  select c.oid, c.relowner
  from pg_catalog.pg_class c
  where c.oid in (
    'public.user_profiles'::regclass, 'public.organizations'::regclass, 'public.organization_members'::regclass,
    'public.conversations'::regclass, 'public.conversation_participants'::regclass, 'public.messages'::regclass,
    'private.deleted_messages'::regclass, 'private.deleted_attachments'::regclass,
    'private.read_states'::regclass, 'private.direct_conversations'::regclass,
    'private.seed_runs'::regclass, 'private.seed_chunks'::regclass
  )
)
select
  has_schema_privilege('auth', 'usage')
  and has_table_privilege('auth.users', 'select') and has_table_privilege('auth.users', 'insert')
  and has_table_privilege('auth.identities', 'select') and has_table_privilege('auth.identities', 'insert')
  and not row_security_active('auth.users') and not row_security_active('auth.identities') as writes_auth,
  bool_and(
    has_table_privilege(o.oid, 'select') and has_table_privilege(o.oid, 'insert') and has_table_privilege(o.oid, 'update')
    and not row_security_active(o.oid)
  ) as loads_tables,
  bool_and(pg_has_role(o.relowner, 'usage')) as owns_tables
from ours o;
