"""Indexes for policies and foreign keys."""

from __future__ import annotations

from tests.lints.words import NOTES, policy

# The rule, SQL that breaks it, SQL that repairs it, the reported object.
CASES = [
    (
        "unindexed_foreign_key",
        "alter table private.holds add column by uuid constraint holds_by references public.user_profiles",
        "create index on private.holds (by)",
        "holds_by on private.holds",
    ),
    (
        "unindexed_foreign_key",
        "drop index private.holds_user; create index on private.holds (user_id) where released_at is null",
        "create index on private.holds (user_id, released_at) where user_id is not null",
        "holds_user_id_fkey on private.holds",
    ),
    (
        "unindexed_foreign_key",
        "drop index private.holds_user; create index on private.holds (name) include (user_id)",
        "create index on private.holds using hash (user_id)",
        "holds_user_id_fkey on private.holds",
    ),
    (
        "unindexed_foreign_key",
        """
        create table private.marks (
          a uuid, b uuid, c int, constraint marks_of
          foreign key (a, b) references public.conversation_participants (conversation_id, user_id)
        );
        create index on private.marks (a, c, b)
        """,
        "create index on private.marks (b, a, c)",
        "marks_of on private.marks",
    ),
    (
        "unindexed_policy_column",
        NOTES + policy("author = (select auth.uid())"),
        "create index on public.notes (author)",
        "public.notes.author",
    ),
    (
        "unindexed_policy_column",
        NOTES + policy("organization in (select o.organization_id from private.my_organizations o)"),
        "create index on public.notes (organization, at)",
        "public.notes.organization",
    ),
    (
        "unindexed_policy_column",
        NOTES + policy("at > now() and open and kind = 'a' and kind in ('a', 'b')"),
        "create index on public.notes (at)",
        "public.notes.at",
    ),
    (
        "unindexed_policy_column",
        NOTES + policy("\"Odd name\" = (select auth.role()) and kind is not null", "delete"),
        "create index on public.notes (\"Odd name\")",
        "public.notes.\"Odd name\"",
    ),
    # After a column that the same policy compares, the index finds the rows of both.
    (
        "unindexed_policy_column",
        f"""
        {NOTES} create index on public.notes (organization, kind, author);
        {policy("organization = (select auth.uid()) and author = (select auth.uid())")}
        """,
        "create index on public.notes (organization, author)",
        "public.notes.author",
    ),
]  # fmt: skip
