-- What Realtime sends: new and changed messages, changed conversations, new participants. A deletion is sent to every
-- subscriber, whatever the policies are, so it may contain only an opaque key: the replica identity stays the primary
-- key.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['messages', 'conversations', 'conversation_participants'] loop
    execute format('alter table public.%I replica identity default', wanted);
    if not exists (
      select from pg_catalog.pg_publication_tables t
      where t.pubname = 'supabase_realtime' and t.schemaname = 'public' and t.tablename = wanted
    ) then
      execute format('alter publication supabase_realtime add table public.%I', wanted);
    end if;
  end loop;
end
$$;
