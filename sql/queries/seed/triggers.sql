-- Statements that disable and re-enable each trigger of the backend, in its previous mode.
select
  format('alter table %s disable trigger %I', t.tgrelid::regclass, t.tgname) as switch_off,
  format(
    'alter table %s enable %s trigger %I',
    t.tgrelid::regclass, case t.tgenabled when 'A' then 'always' when 'R' then 'replica' else '' end, t.tgname
  ) as switch_on
from pg_catalog.pg_trigger t
where t.tgrelid in (
    'public.messages'::regclass, 'public.conversations'::regclass, 'public.conversation_participants'::regclass,
    'public.organization_members'::regclass, 'public.user_profiles'::regclass
  )
  and not t.tgisinternal and t.tgenabled <> 'D'
order by t.tgrelid, t.tgname;
