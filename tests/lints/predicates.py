"""Conditions of policies: about the row, about the caller, or about neither."""

from __future__ import annotations

from tests.lints.words import NOTES, body, policy

# The rule, SQL that breaks it, SQL that repairs it, the reported object.
CASES = [
    (
        "policy_without_column",
        NOTES + policy("true"),
        "alter policy tried on public.notes using (false)",
        "tried on public.notes",
    ),
    (
        "policy_without_column",
        NOTES + policy("1 = 1"),
        "alter policy tried on public.notes to service_role",
        "tried on public.notes",
    ),
    (
        "policy_without_column",
        NOTES + policy("(select auth.uid()) is not null", "insert"),
        "alter policy tried on public.notes with check (author = (select auth.uid()))",
        "tried on public.notes",
    ),
    # Two sub-selects, one correlated with the other, neither with the row.
    (
        "policy_without_column",
        NOTES + policy("""
          exists (
            select from private.my_organizations o
            where exists (select from public.notes n where n.organization = o.organization_id)
          )
        """),
        """
        alter policy tried on public.notes using (
          exists (
            select from private.my_organizations o
            where exists (
              select from public.notes n where n.organization = o.organization_id and n.id = notes.id
            )
          )
        )
        """,
        "tried on public.notes",
    ),
    # The inner table also has a conversation_id.
    (
        "policy_without_column",
        policy(
            "exists (select from private.my_participations p where p.conversation_id = conversation_id)",
            table="public.messages",
        ),
        """
        alter policy tried on public.messages using (
          exists (
            select from private.my_participations p where p.conversation_id = messages.conversation_id
          )
        )
        """,
        "tried on public.messages",
    ),
    (
        "policy_always_true",
        NOTES + policy("author = (select auth.uid()) or (select auth.uid()) is not null"),
        "alter policy tried on public.notes using (author = (select auth.uid()))",
        "tried on public.notes",
    ),
    (
        "policy_always_true",
        NOTES + policy("kind is null or author = (select auth.uid()) or kind is not null"),
        "alter policy tried on public.notes using (kind is null or author = (select auth.uid()))",
        "tried on public.notes",
    ),
    (
        "policy_always_true",
        NOTES + policy("id is not null and (kind = 'a' or (select true))"),
        "alter policy tried on public.notes using (kind is not null and (kind = 'a' or (select true)))",
        "tried on public.notes",
    ),
    (
        "policy_always_true",
        NOTES + policy("(select auth.role()) = 'authenticated' or author = (select auth.uid())", "insert"),
        "alter policy tried on public.notes with check (author = (select auth.uid()))",
        "tried on public.notes",
    ),
    (
        "policy_always_true",
        NOTES + policy("kind = 'a(' or at = at and not false"),
        "alter policy tried on public.notes using (kind = 'a(' or kind = 'true')",
        "tried on public.notes",
    ),
    (
        "captured_column",
        policy(
            """
            exists (
              select from public.conversation_participants p
              where p.conversation_id = conversation_id and p.user_id = (select auth.uid())
            )
            """,
            table="public.messages",
        ),
        """
        alter policy tried on public.messages using (
          exists (
            select from public.conversation_participants p
            where p.conversation_id = messages.conversation_id and p.user_id = (select auth.uid())
          )
        )
        """,
        "tried on public.messages",
    ),
    # With a name that needs quotes, and combined with another condition.
    (
        "captured_column",
        NOTES + policy("""
          author = (select auth.uid()) and exists (
            select from public.notes n
            where n.open and (n.at is null or n."Odd name" is not distinct from "Odd name")
          )
        """),
        """
        alter policy tried on public.notes using ("Odd name" = 'n."Odd name" = n."Odd name"')
        """,
        "tried on public.notes",
    ),
    (
        "captured_column",
        policy(
            """
            bucket_id = 'a' and exists (
              select from public.conversations c where c.id::text = (storage.foldername(name))[3]
            )
            """,
            table="storage.objects",
        ),
        """
        alter policy tried on storage.objects using (
          bucket_id = 'a' and exists (
            select from public.conversations c where c.id::text = (storage.foldername(objects.name))[3]
          )
        )
        """,
        "tried on storage.objects",
    ),
    (
        "subquery_without_row",
        NOTES + policy("open and exists (select from private.holds h where h.name = 'notes')"),
        """
        alter policy tried on public.notes
        using (exists (select from private.holds h where h.name = kind))
        """,
        "tried on public.notes",
    ),
    (
        "subquery_without_row",
        NOTES + policy("organization in (select h.organization_id from private.holds h)"),
        """
        alter policy tried on public.notes
        using (organization in (select o.organization_id from private.my_organizations o))
        """,
        "tried on public.notes",
    ),
    # A check of the caller inside a comment is not a check.
    (
        "subquery_without_row",
        f"""
        create function private.tried() returns text language sql stable
        as $$ select 'a' -- auth.uid()
        $$;
        {NOTES}
        {policy("open and exists (select from private.holds h where h.name = private.tried())")}
        """,
        """
        create or replace function private.tried() returns text language sql stable
        as 'select auth.uid()::text'
        """,
        "tried on public.notes",
    ),
    (
        "check_without_caller",
        f"""
        {NOTES} create policy reading on public.notes for select to authenticated
        using (author = (select auth.uid()));
        {policy("kind is not null", "insert")}
        """,
        "alter policy tried on public.notes with check (author = (select auth.uid()))",
        "tried on public.notes",
    ),
    (
        "check_without_caller",
        NOTES + policy("author = (select auth.uid())", "update") + " with check (true)",
        """
        alter policy tried on public.notes
        with check (organization in (select o.organization_id from private.my_organizations o))
        """,
        "tried on public.notes",
    ),
    # Without WITH CHECK, USING is the check; and reading is checked through a function.
    (
        "check_without_caller",
        f"""
        {body("private.tried()", "begin return private.current_user_id(); end", "stable", "uuid")};
        {NOTES} create policy reading on public.notes for select to authenticated
        using (author = (select private.tried()));
        {policy("open", "update")}
        """,
        "alter policy reading on public.notes using (kind = 'a')",
        "tried on public.notes",
    ),
    (
        "check_without_column",
        f"""
        {NOTES} create policy reading on public.notes for select to authenticated
        using (organization in (select o.organization_id from private.my_organizations o));
        create policy tried on public.notes for update to authenticated
        using (
          author = (select auth.uid())
          and organization in (select o.organization_id from private.my_organizations o)
        )
        with check (author = (select auth.uid()))
        """,
        "revoke update on public.notes from anon, authenticated",
        "tried on public.notes",
    ),
    (
        "check_without_column",
        NOTES + policy("\"Odd name\" = (select auth.role()) and open", "all") + " with check (open)",
        "alter policy tried on public.notes with check (\"Odd name\" = (select auth.role()))",
        "tried on public.notes",
    ),
]  # fmt: skip
