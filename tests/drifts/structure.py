"""Changes of schemas, types, sequences, tables, columns, constraints and indexes."""

from __future__ import annotations

from tests.drifts.change import ManualChange, sql_file

MESSAGES = "public.messages"
PARTED = """
create table public.parted (at date not null, note text, constraint short check (length(note) < 9))
  partition by range (at);
create index parted_at on public.parted (at);
create table public.parted_old partition of public.parted for values from ('2020-01-01') to ('2021-01-01');
"""
CHANGES = [
    # Schemas, types, sequences
    ManualChange(
        "an extra schema, with what is in it",
        """
        create schema lab;
        create table lab.notes (id bigserial primary key, mood text);
        create view lab.moods as select mood from lab.notes;
        create function lab.f() returns int language sql as 'select 1';
        create type lab.mood as enum ('good');
        grant usage on schema lab to anon;
        alter default privileges in schema lab grant select on tables to anon;
        """,
        """
        alter default privileges in schema lab revoke select on tables from anon;
        drop schema lab cascade;
        """,
        ("extra", "schema", "lab"),
    ),
    ManualChange(
        "an extra enum",
        "create type colour as enum ('a')",
        "drop type colour",
        ("extra", "type", "public.colour"),
    ),
    ManualChange(
        "an enum with another value",
        "alter type mood add value 'b' before 'a'",
        "drop type mood; create type mood as enum ('a')",
        ("changed", "type", "public.mood"),
    ),
    ManualChange(
        "a domain that checks less",
        "alter domain short drop constraint nine",
        "alter domain short add constraint nine check (length(value) < 9)",
        ("changed", "type", "public.short"),
    ),
    ManualChange(
        "a composite type with another attribute",
        "alter type pair add attribute c int",
        "alter type pair drop attribute c",
        ("changed", "type", "public.pair"),
    ),
    ManualChange(
        "an extra range",
        "create type span as range (subtype = float8)",
        "drop type span",
        ("extra", "type", "public.span"),
    ),
    ManualChange(
        "an extra sequence",
        "create sequence another",
        "drop sequence another",
        ("extra", "sequence", "public.another"),
    ),
    ManualChange(
        "a sequence that counts otherwise",
        "alter sequence counter increment 2",
        "alter sequence counter increment 1",
        ("changed", "sequence", "public.counter"),
    ),
    # Tables and columns
    ManualChange(
        "an extra table, with all that comes with it",
        """
        create table notes (id bigint generated always as identity primary key, n serial, body text unique);
        create index notes_body on notes (lower(body));
        alter table notes enable row level security;
        create policy open on notes for select to anon using (true);
        create trigger again before update on notes for each row execute function private.set_updated_at();
        create rule quiet as on delete to notes do instead nothing;
        grant select (body) on notes to anon;
        alter publication supabase_realtime add table notes;
        """,
        "drop table notes",
        ("extra", "table", "public.notes"),
    ),
    ManualChange(
        "a missing table",
        "drop table private.seed_chunks",
        "create table " + sql_file("migrations/20261123005000_seed_chunks.sql").partition("create table ")[2],
        ("missing", "table", "private.seed_chunks"),
    ),
    ManualChange(
        "row-level security off",
        "alter table messages disable row level security",
        "alter table messages enable row level security",
        ("changed", "table", MESSAGES),
    ),
    ManualChange(
        "row-level security forced",
        "alter table messages force row level security",
        "alter table messages no force row level security",
        ("changed", "table", MESSAGES),
    ),
    ManualChange(
        "row-level security off where files are",
        "alter table storage.objects disable row level security",
        "alter table storage.objects enable row level security",
        ("changed", "table", "storage.objects"),
        admin=True,
    ),
    ManualChange(
        "a table that sends whole rows",
        "alter table messages replica identity full",
        "alter table messages replica identity default",
        ("changed", "table", MESSAGES),
    ),
    ManualChange(
        "a table without a log",
        "alter table private.seed_chunks set unlogged",
        "alter table private.seed_chunks set logged",
        ("changed", "table", "private.seed_chunks"),
    ),
    ManualChange(
        "a table with other options",
        "alter table conversations reset (fillfactor)",
        "alter table conversations set (fillfactor = 70)",
        ("changed", "table", "public.conversations"),
    ),
    ManualChange(
        "a table of somebody else's",
        "alter table private.seed_runs owner to supabase_admin",
        "alter table private.seed_runs owner to postgres",
        ("changed", "table", "private.seed_runs"),
        admin=True,
    ),
    ManualChange(
        "a missing partition",
        "drop table parted_old",
        "create table parted_old partition of parted for values from ('2020-01-01') to ('2021-01-01')",
        ("missing", "table", "public.parted_old"),
    ),
    ManualChange(
        "a missing table, with its partitions",
        "drop table parted",
        PARTED,
        ("missing", "table", "public.parted"),
    ),
    ManualChange(
        "an extra column of a table and its partitions",
        "alter table parted add column more text default 'x'",
        "alter table parted drop column more",
        ("extra", "column", "public.parted.more"),
    ),
    ManualChange(
        "an extra column, with what comes with it",
        """
        alter table organizations add column plan text unique check (plan <> '');
        create index organizations_plan on organizations (lower(plan));
        grant update (plan) on organizations to authenticated;
        """,
        "alter table organizations drop column plan",
        ("extra", "column", "public.organizations.plan"),
    ),
    ManualChange(
        "an extra serial column",
        "alter table organizations add column n serial",
        "alter table organizations drop column n",
        ("extra", "column", "public.organizations.n"),
    ),
    ManualChange(
        "a missing column, with its foreign key, check and index",
        "alter table private.notes drop column user_id",
        """
        alter table private.notes add column user_id uuid references public.user_profiles (id),
          add constraint notes_about_something check (num_nonnulls(user_id, body) = 1);
        create index notes_user on private.notes (user_id);
        """,
        ("missing", "column", "private.notes.user_id"),
    ),
    ManualChange(
        "a missing column, with its check and grant",
        "alter table private.notes drop column title",
        """
        alter table private.notes add column title text,
          add constraint notes_title_length check (char_length(title) <= 255);
        grant update (title) on private.notes to service_role;
        """,
        ("missing", "column", "private.notes.title"),
    ),
    ManualChange(
        "a column of another type",
        "alter table private.notes alter column at type timestamp",
        "alter table private.notes alter column at type timestamptz",
        ("changed", "column", "private.notes.at"),
    ),
    ManualChange(
        "a column that may be null",
        "alter table organizations alter column name drop not null",
        "alter table organizations alter column name set not null",
        ("changed", "column", "public.organizations.name"),
    ),
    ManualChange(
        "a column without its default",
        "alter table messages alter column created_at drop default",
        "alter table messages alter column created_at set default now()",
        ("changed", "column", "public.messages.created_at"),
    ),
    ManualChange(
        "a column with another collation",
        'alter table private.notes alter column title type text collate "C"',
        "alter table private.notes alter column title type text",
        ("changed", "column", "private.notes.title"),
    ),
    ManualChange(
        "a column that is computed otherwise",
        "alter table private.notes drop twice, add twice text generated always as (body) stored",
        "alter table private.notes drop twice, add twice text generated always as (body || body) stored",
        ("changed", "column", "private.notes.twice"),
    ),
    ManualChange(
        "an identity column that takes what it is given",
        "alter table private.moderation_log alter column id set generated by default",
        "alter table private.moderation_log alter column id set generated always",
        ("changed", "column", "private.moderation_log.id"),
    ),
    ManualChange(
        "an identity column that counts otherwise",
        "alter table private.moderation_log alter column id set increment 10",
        "alter table private.moderation_log alter column id set increment 1",
        ("changed", "column", "private.moderation_log.id"),
    ),
    # Constraints and indexes
    ManualChange(
        "an extra constraint",
        "alter table messages add constraint polite check (content <> 'boo')",
        "alter table messages drop constraint polite",
        ("extra", "constraint", "polite on public.messages"),
    ),
    ManualChange(
        "a missing constraint",
        "alter table messages drop constraint messages_content_length",
        "alter table messages add constraint messages_content_length check (char_length(content) <= 4000)",
        ("missing", "constraint", "messages_content_length on public.messages"),
    ),
    ManualChange(
        "a missing unique constraint, with its index",
        "alter table organizations drop constraint organizations_slug_key",
        "alter table organizations add constraint organizations_slug_key unique (slug)",
        ("missing", "constraint", "organizations_slug_key on public.organizations"),
    ),
    ManualChange(
        "a constraint that allows more",
        """
        alter table messages drop constraint messages_content_length,
          add constraint messages_content_length check (char_length(content) <= 8000)
        """,
        """
        alter table messages drop constraint messages_content_length,
          add constraint messages_content_length check (char_length(content) <= 4000)
        """,
        ("changed", "constraint", "messages_content_length on public.messages"),
    ),
    ManualChange(
        "a constraint that is not valid yet",
        """
        alter table messages drop constraint messages_content_length,
          add constraint messages_content_length check (char_length(content) <= 4000) not valid
        """,
        "alter table messages validate constraint messages_content_length",
        ("changed", "constraint", "messages_content_length on public.messages"),
    ),
    ManualChange(
        "a foreign key that is switched off",
        "alter table private.send_windows disable trigger all",
        "alter table private.send_windows enable trigger all",
        ("changed", "constraint", "send_windows_user_id_fkey on private.send_windows"),
        admin=True,
    ),
    ManualChange(
        "a missing constraint of a table and its partitions",
        "alter table parted drop constraint short",
        "alter table parted add constraint short check (length(note) < 9)",
        ("missing", "constraint", "short on public.parted"),
    ),
    ManualChange(
        "an extra index",
        "create index messages_created on messages (created_at)",
        "drop index messages_created",
        ("extra", "index", "public.messages_created"),
    ),
    ManualChange(
        "a missing index",
        "drop index messages_sender",
        "create index messages_sender on messages (sender_id, conversation_id)",
        ("missing", "index", "public.messages_sender"),
    ),
    ManualChange(
        "an index of other columns",
        "drop index messages_sender; create index messages_sender on messages (sender_id)",
        "drop index messages_sender; create index messages_sender on messages (sender_id, conversation_id)",
        ("changed", "index", "public.messages_sender"),
    ),
    ManualChange(
        "an index that was never finished",
        "update pg_index set indisvalid = false where indexrelid = 'public.messages_page'::regclass",
        "update pg_index set indisvalid = true where indexrelid = 'public.messages_page'::regclass",
        ("changed", "index", "public.messages_page"),
        admin=True,
    ),
    ManualChange(
        "a missing index of a table and its partitions",
        "drop index parted_at",
        "create index parted_at on parted (at)",
        ("missing", "index", "public.parted_at"),
    ),
]
