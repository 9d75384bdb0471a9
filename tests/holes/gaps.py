"""Holes that the audit does not find yet; no test collects them. Each says what would find it.

The ids are proposals where the rule would be a new one.
"""

from __future__ import annotations

from tests.holes.hole import (
    DETAILS,
    LEAST,
    MESSAGES,
    OBJECTS,
    ORGANIZATIONS,
    PAGE,
    PARTICIPANTS,
    PROFILES,
    Hole,
    edited,
)

GAPS = [
    # Identity forged claims organization_id 'north', which is no uuid: claim id('north') itself.
    Hole(
        "the organization in user_metadata",
        "user_metadata trusted",
        """
        create policy "tenant isolation" on messages for select to authenticated
        using (organization_id::text = auth.jwt() -> 'user_metadata' ->> 'organization_id')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("forged",),
    ),
    # As above, and user_metadata.organizations.
    Hole(
        "the organizations in user_metadata",
        "user_metadata trusted",
        """
        create policy "my workspaces" on organizations for select to authenticated
        using (auth.jwt() -> 'user_metadata' -> 'organizations' ? id::text)
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("forged",),
    ),
    # user_metadata.role is 'owner' alone: one forged identity for each role, or 'admin' in another key.
    Hole(
        "the admin's role in user_metadata",
        "user_metadata trusted",
        """
        create policy "admins see everything" on organizations for select to authenticated
        using (auth.jwt() -> 'user_metadata' ->> 'role' = 'admin')
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("forged",),
    ),
    # fixture.sql gives auth.users.raw_user_meta_data a full_name only: give forger what its token claims.
    Hole(
        "is_admin where auth.users keeps what a user says of itself",
        "user_metadata trusted",
        """
        create or replace view private.my_organizations with (security_barrier = true) as
        select om.organization_id
        from public.organization_members om
        where om.user_id = (select private.current_user_id())
        union
        select o.id from public.organizations o
        join auth.users u on u.id = private.current_user_id()
        where (u.raw_user_meta_data ->> 'is_admin')::boolean
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("forged",),
    ),
    # user_metadata.sub is no uuid: claim id('sender'), so that believing it is being the sender.
    Hole(
        "sub from user_metadata first",
        "user_metadata trusted",
        edited(
            "private.current_user_id()",
            "sub := claims::jsonb ->> 'sub';",
            "sub := coalesce(claims::jsonb #>> '{user_metadata,sub}', claims::jsonb ->> 'sub');",
        ),
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("forged",),
    ),
    # No token of an identity has an email claim: one of outsider that says 'sender@audit.invalid'.
    Hole(
        "an address of the token",
        "email trusted",
        """
        create policy "profile by email" on user_profiles for select to authenticated
        using (email = auth.jwt() ->> 'email' or auth.jwt() ->> 'email' like '%@ourcompany.example')
        """,
        ("leak:public.user_profiles:select",),
        (PROFILES,),
    ),
    # No identity has app_metadata: one whose app_metadata names an organization that it was removed from.
    Hole(
        "the organization in app_metadata, for as long as the token lasts",
        "stale claim",
        """
        create policy "tenant isolation" on messages for select to authenticated
        using (organization_id::text = auth.jwt() -> 'app_metadata' ->> 'organization_id')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
    ),
    # No identity has an aal: nobody with aal2.
    Hole(
        "a second factor was to be asked for, and is enough",
        "permissive meant restrictive",
        """
        create policy "require MFA" on messages for select to authenticated
        using (auth.jwt() ->> 'aal' = 'aal2')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
    ),
    # Requests carry headers (setting request.headers) that the client writes: set them for an identity.
    Hole(
        "a header says who one is",
        "header trusted",
        """
        create policy "internal calls" on messages for select to authenticated
        using (current_setting('request.headers', true)::json ->> 'x-internal' = 'true')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
    ),
    # Only ids are compared of what a page brings: value: id || sender_email, or a row of all columns.
    Hole(
        "the page shows the address of somebody removed",
        "former member",
        edited(PAGE, "or sender.id = caller", "or true"),
        (f"leak:{PAGE}:call",),
        (PAGE,),
    ),
    # Only conversation_id is compared: the count, content and name beside it as well. fixture.sql needs
    # a conversation whose last message is from somebody removed.
    Hole(
        "the list shows the name of somebody removed",
        "former member",
        edited(DETAILS, "and them.user_id = m.sender_id", ""),
        (f"leak:{DETAILS}:call",),
        (DETAILS,),
    ),
    # As above, with a conversation whose last message was deleted.
    Hole(
        "the list shows the last message although it was deleted",
        "deleted rows shown",
        edited(DETAILS, "m.seq = c.last_message_seq", "m.seq = c.last_seq"),
        (f"leak:{DETAILS}:call",),
        (DETAILS,),
    ),
    # reactions is '[]' in every insert: select '[]' union one with another's userId, denied.
    Hole(
        "a new message brings reactions of others",
        "in another's name",
        edited("private.messages_before_insert()", "if new.reactions <> '[]' then", "if false then"),
        ("leak:public.messages:insert",),
        (MESSAGES,),
    ),
    # last_read_at is null in every insert: insert 2999 for another, and null must hold afterwards.
    Hole(
        "the creator says what newcomers have read",
        "in another's name",
        edited("private.participants_before_write()", "new.last_read_at := null;", "null;"),
        ("effect:public.conversation_participants:insert",),
        (PARTICIPANTS,),
    ),
    # No sender of fixture.sql has sent ten messages this minute; the eleventh must be refused with PT429.
    Hole(
        "nobody is refused for sending too much",
        "limit gone",
        edited(
            "private.messages_before_insert()",
            "cardinality(window_open) = 10",
            "cardinality(window_open) = 10000",
        ),
        ("effect:public.send_message(uuid, text, jsonb):call",),
        ("public.send_message(uuid, text, jsonb)",),
    ),
    # update full_name has no `holds`.
    Hole(
        "profiles no longer say when they changed",
        "trigger gone",
        "drop trigger set_user_profiles_updated_at on user_profiles",
        ("effect:public.user_profiles:update full_name",),
        (PROFILES,),
    ),
    # All files of fixture.sql have an owner: one without, of a deleted message.
    Hole(
        "files of deleted messages that have no owner",
        "deleted rows shown",
        """
        alter policy "participants read attachments" on storage.objects using (
          bucket_id = 'attachments'
          and exists (
            select from private.my_participations p
            where p.organization_id::text = (storage.foldername(name))[1]
              and p.conversation_id::text = (storage.foldername(name))[3]
          )
          and (storage.foldername(name))[2] = 'chat'
          and cardinality(storage.foldername(name)) = 3
          and not exists (
            select from private.my_hidden_attachments h
            where h.conversation_id::text = (storage.foldername(name))[3]
              and h.attachment_id = split_part(storage.filename(name), '_', 1)
              and h.sender_id::text = owner_id
          )
        )
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
    ),
    # No message of fixture.sql was deleted with somebody else's file in its attachments.
    Hole(
        "who deletes a message that names another's file hides that file",
        "rows of others",
        """
        alter policy "participants read attachments" on storage.objects using (
          bucket_id = 'attachments'
          and exists (
            select from private.my_participations p
            where p.organization_id::text = (storage.foldername(name))[1]
              and p.conversation_id::text = (storage.foldername(name))[3]
          )
          and (storage.foldername(name))[2] = 'chat'
          and cardinality(storage.foldername(name)) = 3
          and not exists (
            select from private.my_hidden_attachments h
            where h.conversation_id::text = (storage.foldername(name))[3]
              and h.attachment_id = split_part(storage.filename(name), '_', 1)
          )
        )
        """,
        ("missing:storage.objects:select",),
        (OBJECTS,),
    ),
    # auth is 'platform': what of its tables an API role may read should be listed too.
    Hole(
        "all users, with their hashed passwords",
        "table of the platform",
        "grant select on auth.users to authenticated",
        ("unlisted:auth.users:privileges",),
        LEAST,
        as_superuser=True,
    ),
    # realtime is 'platform': policies of realtime.messages decide who listens to which private channel.
    Hole(
        "everybody listens to every private channel",
        "always true",
        'create policy "listen" on realtime.messages for select to authenticated using (true)',
        ("leak:realtime.messages:select",),
        LEAST,
        as_superuser=True,
    ),
    # _roles looks at select, insert and update of listed tables only: delete, truncate; private and storage.
    Hole(
        "authenticator deletes messages itself",
        "role",
        "grant delete on messages to authenticator",
        ("role:authenticator:public.messages",),
        LEAST,
    ),
    Hole(
        "authenticator reads what was deleted",
        "role",
        """
        grant usage on schema private to authenticator;
        grant select on private.deleted_messages to authenticator
        """,
        ("role:authenticator:private.deleted_messages",),
        LEAST,
    ),
    # _schemas knows that private is listed, not to whom: api.granted.
    Hole(
        "anon enters private",
        "schema",
        "grant usage on schema private to anon",
        ("unlisted:private:usage",),
        LEAST,
    ),
    # CREATE on a schema is not asked for.
    Hole(
        "clients may make objects in public",
        "schema",
        "grant create on schema public to authenticated",
        ("privilege:public:authenticated create",),
        LEAST,
    ),
    # pg_default_acl of schemas that API roles may enter; the lint default_privileges may do.
    Hole(
        "whatever will be made in private, before anything is",
        "default privileges",
        "alter default privileges in schema private grant select on tables to authenticated",
        ("privilege:private:default",),
        LEAST,
    ),
    # A rule is no trigger and no privilege: pg_rewrite of listed tables other than views.
    Hole(
        "a rule that copies messages",
        "rewrite rule",
        """
        create table private.archive (like messages);
        create rule archive as on update to messages do also insert into private.archive values (old.*)
        """,
        ("unlisted:public.messages:rule archive",),
        LEAST,
    ),
    # The audit itself gives up: `delete from` of a snapshot without a replica identity, which the publication
    # wants. Make the snapshots unlogged (never published), or truncate them.
    Hole(
        "whatever there is, is published",
        "publication",
        "drop publication supabase_realtime; create publication supabase_realtime for all tables",
        ("publication:publication supabase_realtime:private.deleted_messages",),
        LEAST,
        as_superuser=True,
    ),
    # Every probe is undone, and set_config with it: two statements of two people in one session, committed.
    Hole(
        "who is asking is remembered for the session",
        "state of the session",
        edited(
            "private.current_user_id()",
            "return sub::uuid;",
            "perform set_config('chat.user_id', sub, false); return sub::uuid;",
        )
        + ";"
        + edited(
            "private.current_user_id()",
            "if sub is null and claims is not null then",
            """sub := coalesce(sub, nullif(current_setting('chat.user_id', true), ''));
  if sub is null and claims is not null then""",
        ),
        ("leak:public.messages:select",),
        (MESSAGES,),
    ),
]
