"""Every mutant can be created and changes the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from psycopg import sql

from chatctl.db.connection import Connection, connection
from chatctl.local.postgres.server import OWNER, Server
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.mutation import functions, policies, views
from chatctl.services.audit.mutation.catalogue import read
from chatctl.services.audit.mutation.mutant import Mutant
from chatctl.services.audit.mutation.mutants import mutants, not_mutated

FINGERPRINT = """
select md5(string_agg(told, E'\n' order by told))
from (
  select concat_ws('|', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles,
    'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
  from pg_policy p
  union all
  select concat_ws('|', c.oid::regclass, c.relacl, c.relrowsecurity, c.relreplident, c.reloptions,
    case when c.relkind = 'v' then pg_get_viewdef(c.oid) end)
  from pg_class c
  where c.relkind in ('r', 'v', 'm')
    and c.relnamespace::regnamespace::text in ('public', 'private', 'storage')
  union all
  select concat_ws('|', a.attrelid::regclass, a.attname, a.attacl)
  from pg_attribute a
  where a.attacl is not null
  union all
  select concat_ws('|', p.oid::regprocedure, p.proacl, pg_get_functiondef(p.oid))
  from pg_proc p
  where p.pronamespace::regnamespace::text in ('public', 'private', 'chat_hooks')
  union all
  select pg_get_triggerdef(t.oid) from pg_trigger t where not t.tgisinternal
  union all
  select concat_ws('|', r.prpubid, r.prrelid::regclass) from pg_publication_rel r
  union all
  select b::text from storage.buckets b
) as everything (told)
"""

# A schema of another project, with names that need quotes.
NOTES = """
create table public."Team" ("Id" uuid primary key references auth.users, level integer not null);
create table public.notes (
  id uuid primary key, author uuid references auth.users, reader uuid references auth.users,
  kind text, level integer
);
alter table public.notes enable row level security;
create function public.is_reader(p_note uuid, p_user_id uuid default auth.uid()) returns boolean
language sql stable security definer set search_path = ''
as $$ select exists (select 1 from public.notes n where n.id = p_note and n.reader = auth.uid()) $$;
create function public."isAuthor"(p_note uuid) returns boolean language plpgsql stable set search_path = ''
as $$ begin return exists (select from public.notes n where n.id = p_note and n.author = auth.uid()); end $$;
create function public.on_note() returns trigger language plpgsql set search_path = ''
as $body$
begin
  if new.author <> auth.uid() then -- if it is not theirs
    raise exception 'not yours; "if" you please' using errcode = '42501';
  end if;
  new.kind := lower(new.kind);
  return new;
end
$body$;
create trigger "On note" before insert on public.notes for each row when (new.kind is not null)
execute function public.on_note();
create policy "Read's" on public.notes for select to authenticated
using (author = auth.uid() or public.is_reader(id) or exists (
  select from public."Team" t where t."Id" = auth.uid() and t.level >= notes.level
));
create policy kinds on public.notes as restrictive for all to public
using (kind in ('a', 'b', 'it''s') and not (level between 3 and 5)) with check (kind = any (array['a', 'b']));
create view public.my_notes with (security_invoker = true) as
select n.id, n.kind as "Kind" from public.notes n
where n.author = (select auth.uid()) or n.reader = (select auth.uid());
create materialized view public.counted as select count(*) as notes from public.notes;
grant select, insert (id, author), update (kind) on public.notes to authenticated;
"""


@pytest.fixture
def conn(server: Server) -> Iterator[Connection]:
    """The template database of the clones; changes by a test are rolled back."""
    with connection(server.url_for(OWNER, "backend")) as conn, conn.transaction(force_rollback=True):
        yield conn


@pytest.fixture
def access() -> Access:
    return load(default_file())


@pytest.fixture
def foreign(conn: Connection, access: Access) -> Access:
    """Creates another schema; returns rules for it."""
    conn.execute(NOTES.encode())
    table, function = access.tables[0], access.functions[0]
    names = ("public.notes", "public.my_notes", "public.counted", "public.gone")
    return replace(
        access,
        tables=tuple(replace(table, name=name) for name in names),
        functions=(
            replace(function, signature="public.is_reader(uuid, uuid)"),
            replace(function, signature="public.isAuthor(uuid)"),
            replace(function, signature="public.gone(uuid)"),
        ),
        internal_tables={},
        internal_functions={},
        buckets={"absent": {}},
        publications={},
    )


def test_every_mutant_is_created_and_changes_the_database(conn: Connection, access: Access) -> None:
    created = mutants(conn, access)
    assert not apply(conn, created)
    assert len({mutant.operator for mutant in created}) >= 20
    assert len({mutant.id for mutant in created}) == len(created)
    assert {"\n" in mutant.change for mutant in created} == {False}


def test_two_runs_create_the_same_mutants(conn: Connection, access: Access) -> None:
    first = mutants(conn, access)
    conn.execute("set local search_path = pg_catalog")
    assert mutants(conn, access) == first


def test_objects_that_are_not_mutated_stay_unchanged(conn: Connection, access: Access) -> None:
    catalogue = read(conn, access)
    before = fingerprint(conn)
    for policy in catalogue.policies:
        for clause, text in (("using", policy.using), ("check", policy.check)):
            if text is not None:
                run(conn, policies.alter_statement(policy, clause, text))
        run(conn, policies.drop_statement(policy))
        run(conn, policies.create_statement(policy))
    for view in catalogue.tables:
        if view.definition:
            run(conn, views.replace_statement(view, view.definition))
    for function in catalogue.functions:
        run(conn, functions.replace_statement(function, function.body))
    assert fingerprint(conn) == before


def test_listed_objects_that_are_not_ours_are_reported(conn: Connection, access: Access) -> None:
    reported = {each.object for each in not_mutated(conn, access)}
    ours = {name for name in reported if not name.startswith("realtime.")}
    assert ours == {"storage.objects", "storage.buckets"}  # their policies are mutated


def test_another_schema_has_mutants_too(conn: Connection, foreign: Access) -> None:
    created = mutants(conn, foreign)
    assert not apply(conn, created)
    assert {
        "restrictive-to-permissive",
        "literal-removed",
        "constant-shifted",
        "not-removed",
        "principal-swapped",
        "actor-from-request",
        "guard-removed",
        "assignment-removed",
        "view-rights-flipped",
        "function-rights-flipped",
        "grant-added",
        "policy-dropped",
    } <= {mutant.operator for mutant in created}
    # Unlisted objects of an internal schema must stay closed.
    assert {mutant.object for mutant in created if not mutant.object.startswith("private.")} == {
        "public.notes",
        "public.my_notes",
        "public.counted",
        "public.is_reader(uuid, uuid)",
        "public.isAuthor(uuid)",
        "public.on_note()",
    }


def test_objects_that_cannot_be_mutated_are_listed_with_the_reason(conn: Connection, foreign: Access) -> None:
    reasons = {each.object: each.reason for each in not_mutated(conn, foreign)}
    assert set(reasons) == {"public.gone", "public.counted", "public.gone(uuid)", "bucket absent"}
    assert reasons["public.counted"] == "is a materialized view, whose query cannot be replaced"


def apply(conn: Connection, created: list[Mutant]) -> list[str]:
    """The mutants that cannot be created or do not change the database, with the reason."""
    before = fingerprint(conn)
    wrong = []
    for mutant in created:
        try:
            with conn.transaction(force_rollback=True):
                run(conn, mutant.sql)
                if fingerprint(conn) == before:
                    wrong.append(f"{mutant.id} changes nothing: {mutant.sql}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with the mutant
            wrong.append(f"{mutant.id}: {error}\n{mutant.sql}")
    return wrong


def run(conn: Connection, statement: str) -> None:
    conn.execute(sql.SQL(statement))


def fingerprint(conn: Connection) -> str:
    row = conn.execute(sql.SQL(FINGERPRINT)).fetchone()
    assert row
    return str(row[0])
