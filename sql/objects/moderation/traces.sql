-- Where there is something of a user, for erase_user.

-- The tables with rows of a user, how many, and what becomes of them, as a JSON array.
create or replace function private.traces_of(p_user_id uuid, p_messages text)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  reaction_filter jsonb := jsonb_build_array(jsonb_build_object('userId', p_user_id));
  written text := case p_messages
    when 'keep' then 'kept without a sender'
    when 'anonymize' then 'kept without a sender, names and files'
    else 'removed; tombstones stay'
  end;
  files text := case p_messages when 'keep' then 'kept without an owner' else 'queued for Storage to delete' end;
begin
  return (
    select coalesce(
      jsonb_agg(jsonb_build_object('place', t.place, 'number', t.number, 'becomes', t.becomes) order by t.position),
      '[]'
    )
    from (
      select 1, 'public.user_profiles', count(*), 'deleted' from public.user_profiles u where u.id = p_user_id
      union all
      select 2, 'public.organization_members', count(*), 'deleted'
      from public.organization_members m where m.user_id = p_user_id
      union all
      select 3, 'public.conversation_participants', count(*), 'deleted'
      from public.conversation_participants p where p.user_id = p_user_id
      union all
      select 4, 'public.conversations (created)', count(*), 'managed by somebody else'
      from public.conversations c where c.created_by = p_user_id
      union all
      select 5, 'public.messages (sent)', count(*), written from public.messages m where m.sender_id = p_user_id
      union all
      select 6, 'public.messages (reactions)', count(*), 'reactions removed'
      from public.messages m where m.reactions <> '[]' and m.reactions @> reaction_filter
      union all
      select 7, 'private.deleted_messages (sent)', count(*),
        case p_messages when 'keep' then 'kept without a sender' else 'content removed' end
      from private.deleted_messages d where d.sender_id = p_user_id
      union all
      select 8, 'private.deleted_messages (reactions)', count(*), 'reactions removed'
      from private.deleted_messages d where d.reactions <> '[]' and d.reactions @> reaction_filter
      union all
      select 9, 'private.deleted_messages (deleted by)', count(*), 'kept without who deleted it'
      from private.deleted_messages d where d.deleted_by = p_user_id
      union all
      select 10, 'private.deleted_attachments', count(*), 'kept without a sender'
      from private.deleted_attachments d where d.sender_id = p_user_id
      union all
      select 11, 'private.files_to_delete', count(*), 'kept without a sender'
      from private.files_to_delete f where f.sender_id = p_user_id
      union all
      select 12, 'private.direct_conversations', count(*), 'deleted'
      from private.direct_conversations d where p_user_id in (d.user_a, d.user_b)
      union all
      select 13, 'private.read_states', count(*), 'deleted' from private.read_states r where r.user_id = p_user_id
      union all
      select 14, 'private.send_windows', count(*), 'deleted' from private.send_windows w where w.user_id = p_user_id
      union all
      select 15, 'private.action_windows', count(*), 'deleted' from private.action_windows w where w.user_id = p_user_id
      union all
      select 16, 'private.departures', count(*), 'deleted' from private.departures d where d.user_id = p_user_id
      union all
      select 17, 'private.suspensions', count(*), 'deleted' from private.suspensions s where s.user_id = p_user_id
      union all
      select 18, 'private.mutes', count(*), 'deleted' from private.mutes m where m.user_id = p_user_id
      union all
      select 19, 'private.undo_states', count(*), 'deleted' from private.undo_states u where u.user_id = p_user_id
      union all
      select 20, 'private.log_pseudonyms', count(*), 'deleted; the log keeps the pseudonym'
      from private.log_pseudonyms p where p.user_id = p_user_id
      union all
      select 21, 'storage.objects (attachments)', count(*), files
      from storage.objects o
      where o.bucket_id = 'attachments' and (o.owner_id = p_user_id::text or o.owner = p_user_id)
      union all
      select 22, 'storage.objects (other buckets)', count(*), 'kept without an owner'
      from storage.objects o
      where o.bucket_id <> 'attachments' and (o.owner_id = p_user_id::text or o.owner = p_user_id)
      union all
      select 23, 'public.message_reports (made)', count(*), 'kept without a reporter and a comment'
      from public.message_reports r where r.reporter_id = p_user_id
      union all
      select 24, 'public.message_reports (of their messages)', count(*), 'kept without a sender'
      from public.message_reports r where r.sender_id = p_user_id
      union all
      select 25, 'private.seed_runs', count(*), 'kept without the user'
      from private.seed_runs r where p_user_id = any (r.user_ids)
      union all
      select 26, s.place, s.number, 'kept without an owner' from private.traces_in_storage(p_user_id) as s
      union all
      select 27, a.place, a.number, 'deleted'
      from private.traces_in_auth(p_user_id, (select u.email from public.user_profiles u where u.id = p_user_id)) as a
    ) as t (position, place, number, becomes)
    where t.number > 0
  );
end
$$;

-- The files that a user has uploaded to conversations.
create or replace function private.uploads_of(p_user_id uuid)
returns table (bucket_id text, name text, organization_id uuid, conversation_id uuid, attachment_id text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select o.bucket_id, o.name, c.organization_id, c.id, lower(split_part(storage.filename(o.name), '_', 1))
  from storage.objects o
  join public.conversations c on c.id = case
    when (storage.foldername(o.name))[3] ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (storage.foldername(o.name))[3]::uuid
  end
  where o.bucket_id = 'attachments' and (o.owner_id = p_user_id::text or o.owner = p_user_id)
$$;

-- The uploads of a user that are not finished, where Storage has tables for them.
create or replace function private.traces_in_storage(p_user_id uuid)
returns table (place text, number bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  relation regclass;
begin
  for relation in select t.relation from private.tables_of_uploads('select') as t loop
    place := relation::text;
    execute format('select count(*) from %s where owner_id = $1', relation) into number using p_user_id::text;
    return next;
  end loop;
end
$$;

-- Leave the files of a user without an owner: they are then hidden as the sender's own are.
create or replace function private.forget_in_storage(p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  relation regclass;
begin
  update storage.objects o set owner = null, owner_id = null where o.owner_id = p_user_id::text or o.owner = p_user_id;
  for relation in select t.relation from private.tables_of_uploads('update') as t loop
    execute format('update %s set owner_id = null where owner_id = $1', relation) using p_user_id::text;
  end loop;
end
$$;

create or replace function private.tables_of_uploads(p_privilege text)
returns table (relation regclass)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select c.oid::regclass
  from pg_catalog.pg_class c
  where c.oid in (to_regclass('storage.s3_multipart_uploads'), to_regclass('storage.s3_multipart_uploads_parts'))
    and pg_catalog.has_table_privilege(c.oid, p_privilege)
  order by c.relname
$$;

-- The tables of schema auth with rows of a user. Auth adds tables with every release, so they are looked up: all that have
-- a column user_id and that this role may read.
create or replace function private.traces_in_auth(p_user_id uuid, p_email text)
returns table (place text, number bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  each record;
begin
  for each in select * from private.tables_of_auth('select') loop
    place := each.relation::text;
    execute format('select count(*) from %s where user_id = $1::%s', each.relation, each.type) into number using p_user_id::text;
    return next;
  end loop;
  place := 'auth.users';
  select count(*) into number from auth.users u where u.id = p_user_id;
  return next;
  if to_regclass('auth.audit_log_entries') is not null then
    begin
      place := 'auth.audit_log_entries';
      select count(*) into number
      from auth.audit_log_entries e
      where strpos(e.payload::text, p_user_id::text) > 0 or strpos(lower(e.payload::text), lower(to_json(p_email)::text)) > 0;
      return next;
    exception when insufficient_privilege then
      null;
    end;
  end if;
end
$$;

-- Delete a user's rows in schema auth, but the user: those without a foreign key that would.
create or replace function private.forget_in_auth(p_user_id uuid, p_email text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  each record;
begin
  for each in select * from private.tables_of_auth('delete') loop
    execute format('delete from %s where user_id = $1::%s', each.relation, each.type) using p_user_id::text;
  end loop;
  begin
    delete from auth.audit_log_entries e
    where strpos(e.payload::text, p_user_id::text) > 0 or strpos(lower(e.payload::text), lower(to_json(p_email)::text)) > 0;
  exception when undefined_table or insufficient_privilege then
    raise notice 'auth.audit_log_entries cannot be changed here; entries about the user stay';
  end;
  begin
    delete from auth.saml_relay_states s where lower(s.for_email) = lower(p_email);
  exception when undefined_table or undefined_column or insufficient_privilege then
    null;
  end;
end
$$;

create or replace function private.tables_of_auth(p_privilege text)
returns table (relation regclass, type text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select c.oid::regclass, pg_catalog.format_type(a.atttypid, null)
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped
  where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'auth')
    and c.relkind = 'r'
    and pg_catalog.has_table_privilege(c.oid, p_privilege)
  order by c.relname
$$;

revoke execute on function private.traces_of(uuid, text) from public;
revoke execute on function private.uploads_of(uuid) from public;
revoke execute on function private.traces_in_storage(uuid) from public;
revoke execute on function private.forget_in_storage(uuid) from public;
revoke execute on function private.tables_of_uploads(text) from public;
revoke execute on function private.traces_in_auth(uuid, text) from public;
revoke execute on function private.forget_in_auth(uuid, text) from public;
revoke execute on function private.tables_of_auth(text) from public;
