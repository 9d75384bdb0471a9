"""Files: changed policies, carelessly compared paths, and buckets."""

from __future__ import annotations

from tests.holes.hole import LEAST, OBJECTS, Hole, edited

BUCKETS = "storage.buckets"
READS = 'drop policy "participants read attachments" on storage.objects;'

HOLES = [
    Hole(
        "uploads without the organization",
        "path half checked",
        """
        create policy loose on storage.objects for insert to authenticated with check (
          bucket_id = 'attachments' and exists (
            select from private.my_participations p
            where p.conversation_id::text = (storage.foldername(name))[3]
          )
        )
        """,
        ("leak:storage.objects:insert",),
        (OBJECTS,),
        ("participant",),
    ),
    Hole(
        "the plan's uploads",
        "path half checked",
        """
        CREATE POLICY "Conversation participants can upload attachments"
        ON storage.objects FOR INSERT
        TO authenticated
        WITH CHECK (
            bucket_id = 'attachments'
            AND (storage.foldername(name))[1] IN (
                SELECT organization_id::text
                FROM organization_members
                WHERE user_id = auth.uid()
            )
            AND (storage.foldername(name))[3] IN (
                SELECT conversation_id::text
                FROM conversation_participants
                WHERE user_id = auth.uid()
            )
        );
        """,
        ("leak:storage.objects:insert",),
        (OBJECTS,),
        ("participant", "both"),
    ),
    Hole(
        "the plan's downloads",
        "former member",
        """
        CREATE POLICY "Conversation participants can download attachments"
        ON storage.objects FOR SELECT
        TO authenticated
        USING (
            bucket_id = 'attachments'
            AND (storage.foldername(name))[3] IN (
                SELECT conversation_id::text
                FROM conversation_participants
                WHERE user_id = auth.uid()
            )
        );
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        ("participant", "sender"),
    ),
    Hole(
        "every signed-in user lists files",
        "signed in is enough",
        """
        create policy loose on storage.objects for select to authenticated using (bucket_id = 'attachments')
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        ("nobody", "left"),
    ),
    Hole(
        "files of the organization",
        "organization instead of participant",
        """
        create policy "team files" on storage.objects for select to authenticated using (
          bucket_id = 'attachments'
          and (storage.foldername(name))[1] in (select organization_id::text from private.my_organizations)
        )
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        ("colleague", "left"),
    ),
    Hole(
        "the second folder instead of the third",
        "index off by one",
        READS
        + """
        create policy "participants read attachments" on storage.objects for select to authenticated using (
          bucket_id = 'attachments' and exists (
            select from private.my_participations p
            where p.organization_id::text = (storage.foldername(name))[0]
              and p.conversation_id::text = (storage.foldername(name))[2]
          )
        )
        """,
        ("missing:storage.objects:select",),
        (OBJECTS,),
        ("participant", "outsider"),
    ),
    Hole(
        "the last folder, however deep",
        "index off by one",
        """
        create policy "conversation folder" on storage.objects for select to authenticated using (
          bucket_id = 'attachments' and exists (
            select from private.my_participations p
            where p.organization_id::text = split_part(name, '/', -5)
              or p.conversation_id::text = split_part(name, '/', -2)
          )
        )
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        ("participant", "creator"),
    ),
    Hole(
        "the bucket is not asked for",
        "bucket not checked",
        """
        create policy "conversation files" on storage.objects for select to authenticated using (
          exists (
            select from private.my_participations p
            where name like p.organization_id || '/chat/' || p.conversation_id || '/%'
          )
        )
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        ("participant", "sender"),
    ),
    Hole(
        "the conversation anywhere in the name",
        "loose pattern",
        """
        create policy "conversation files" on storage.objects for select to authenticated using (
          bucket_id = 'attachments' and exists (
            select from private.my_participations p where name like '%' || p.conversation_id || '%'
          )
        )
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        ("participant",),
    ),
    Hole(
        "a prefix without its end",
        "loose pattern",
        """
        create policy "conversation uploads" on storage.objects for insert to authenticated with check (
          bucket_id = 'attachments' and exists (
            select from private.my_participations p
            where name like p.organization_id || '/chat/' || p.conversation_id || '%'
          )
        )
        """,
        ("leak:storage.objects:insert",),
        (OBJECTS,),
        ("participant", "both"),
    ),
    Hole(
        "upper and lower case are the same to us",
        "loose pattern",
        """
        create policy "conversation uploads" on storage.objects for insert to authenticated with check (
          bucket_id = 'attachments'
          and lower(storage.filename(name)) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_.'
          and exists (
            select from private.my_participations p
            where name ilike p.organization_id || '/chat/' || p.conversation_id || '/%'
          )
        )
        """,
        ("leak:storage.objects:insert",),
        (OBJECTS,),
        ("participant", "sender"),
    ),
    Hole(
        "any name in the right folder",
        "path half checked",
        """
        create policy "conversation uploads" on storage.objects for insert to authenticated with check (
          bucket_id = 'attachments' and cardinality(storage.foldername(name)) = 3
          and (storage.foldername(name))[2] = 'chat' and exists (
            select from private.my_participations p
            where p.organization_id::text = (storage.foldername(name))[1]
              and p.conversation_id::text = (storage.foldername(name))[3]
          )
        )
        """,
        ("leak:storage.objects:insert",),
        (OBJECTS,),
        ("participant", "both"),
    ),
    Hole(
        "files of deleted messages stay",
        "deleted rows shown",
        """
        create policy "conversation downloads" on storage.objects for select to authenticated using (
          bucket_id = 'attachments' and cardinality(storage.foldername(name)) = 3
          and (storage.foldername(name))[2] = 'chat' and exists (
            select from private.my_participations p
            where p.organization_id::text = (storage.foldername(name))[1]
              and p.conversation_id::text = (storage.foldername(name))[3]
          )
        )
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        ("participant", "both"),
    ),
    Hole(
        "one's own files, wherever they are",  # as in the template of the dashboard
        "former member",
        """
        create policy "Give users access to own files" on storage.objects for select to authenticated
        using (owner_id = (select auth.uid()::text))
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        ("sender",),
    ),
    Hole(
        "one's own file moves elsewhere",
        "update without check",
        """
        create policy "Users can update own files" on storage.objects for update to authenticated
        using (owner_id = (select auth.uid()::text))
        """,
        ("leak:storage.objects:update name", "leak:storage.objects:update bucket_id without where"),
        (OBJECTS,),
        ("sender",),
    ),
    Hole(
        "participants delete files of others",
        "delete of what stays",
        """
        create policy "participants delete attachments" on storage.objects for delete to authenticated using (
          bucket_id = 'attachments' and exists (
            select from private.my_participations p
            where p.conversation_id::text = (storage.foldername(name))[3]
          )
        )
        """,
        ("leak:storage.objects:delete", "leak:storage.objects:delete without where"),
        (OBJECTS,),
        ("participant", "both"),
    ),
    Hole(
        "one policy for all there is to do",
        "always true",
        """
        create policy "attachments" on storage.objects for all to authenticated
        using (bucket_id = 'attachments') with check (bucket_id = 'attachments');
        """
        + edited(
            "private.uploads_limited()", "if private.api_writer('objects') is not null and", "if false and"
        ),
        ("leak:storage.objects:insert", "leak:storage.objects:delete", "leak:storage.objects:select"),
        (OBJECTS,),
        ("nobody", "outsider"),
    ),
    Hole(
        "a folder that is cast to uuid",
        "policy that raises",
        """
        create policy careless on storage.objects for select to authenticated using (
          exists (
            select from private.my_participations p
            where p.conversation_id = ((storage.foldername(name))[3])::uuid
          )
        )
        """,
        (),
        (OBJECTS,),
        doubts=("storage.objects:select",),
    ),
    Hole(
        "users make buckets",
        "always true",
        """
        create policy "Allow bucket creation" on storage.buckets for insert to authenticated with check (true)
        """,
        ("leak:storage.buckets:insert",),
        (BUCKETS,),
        ("nobody", "anonymous"),
    ),
    Hole(
        "the bucket is public",
        "bucket",
        "update storage.buckets set public = true where id = 'attachments'",
        ("bucket:bucket attachments:public",),
        LEAST,
    ),
    Hole(
        "files of any size and type",
        "bucket",
        """
        update storage.buckets set file_size_limit = null, allowed_mime_types = null where id = 'attachments'
        """,
        ("bucket:bucket attachments:file_size_limit", "bucket:bucket attachments:allowed_mime_types"),
        LEAST,
    ),
    Hole(
        "a web page among the types",
        "bucket",
        """
        update storage.buckets
        set allowed_mime_types = allowed_mime_types || '{image/svg+xml,text/html}'::text[]
        where id = 'attachments'
        """,
        ("bucket:bucket attachments:allowed_mime_types",),
        LEAST,
    ),
    Hole(
        "a second bucket",
        "bucket",
        "insert into storage.buckets (id, name, public) values ('exports', 'exports', true)",
        ("unlisted:bucket exports:exists",),
        LEAST,
    ),
    Hole(
        "row-level security of files off",
        "row-level security off",
        "alter table storage.objects disable row level security",
        ("row-security:storage.objects:off", "leak:storage.objects:select", "leak:storage.objects:delete"),
        (OBJECTS,),
        ("nobody", "anon"),
        as_superuser=True,
    ),
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
]
