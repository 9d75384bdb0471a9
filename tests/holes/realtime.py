"""Messages and changes sent by Realtime."""

from __future__ import annotations

from tests.holes.hole import LEAST, Hole

PUBLICATION = "publication:publication supabase_realtime"

HOLES = [
    Hole(
        "profiles are published",
        "publication",
        "alter publication supabase_realtime add table user_profiles",
        (f"{PUBLICATION}:public.user_profiles",),
        LEAST,
    ),
    Hole(
        "whatever there is in public, is published",
        "publication",
        """
        drop publication supabase_realtime;
        create publication supabase_realtime for tables in schema public
        """,
        (f"{PUBLICATION}:public.user_profiles", f"{PUBLICATION}:public.organization_members"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "a publication for the warehouse",
        "publication",
        "create publication warehouse for table messages, private.suspensions",
        (
            "publication:publication warehouse:public.messages",
            "publication:publication warehouse:private.suspensions",
        ),
        LEAST,
    ),
    Hole(
        "new messages are no longer published",
        "publication",
        "alter publication supabase_realtime drop table messages",
        (f"{PUBLICATION}:public.messages",),
        LEAST,
    ),
    Hole(
        "deletions send the whole row",
        "replica identity",
        "alter table messages replica identity full",
        (f"{PUBLICATION}:public.messages replica identity",),
        LEAST,
    ),
    Hole(
        "deletions send who left where",
        "replica identity",
        "alter table conversation_participants replica identity using index unique_conversation_participant",
        (f"{PUBLICATION}:public.conversation_participants replica identity",),
        LEAST,
    ),
    Hole(
        "whatever there is, is published",
        "publication",
        "drop publication supabase_realtime; create publication supabase_realtime for all tables",
        (
            f"{PUBLICATION}:private.deleted_messages",
            "lint:supabase_realtime:publication_of_everything",
        ),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "everybody listens to every private channel",
        "always true",
        'create policy "listen" on realtime.messages for select to authenticated using (true)',
        ("unlisted:realtime.messages:privileges",),
        LEAST,
        as_superuser=True,
    ),
]
