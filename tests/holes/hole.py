"""The definition of a hole, and constants shared by the other modules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hole:
    """``sql`` opens it; ``findings`` must be reported, with all of ``identities`` if they are about people.

    ``kind`` is the mistake. ``doubts`` must be reported instead of findings if a constraint or trigger stops
    the write that the hole lets through: then the audit is inconclusive. ``as_superuser`` is for SQL that the
    owner of the schema may not run.
    """

    name: str
    kind: str
    sql: str
    findings: tuple[str, ...]
    only: tuple[str, ...]
    identities: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    as_superuser: bool = False


CONVERSATIONS = "public.conversations"
DETAILS = "public.get_conversations_with_details(uuid)"
GROUP = "public.create_group_conversation(text, uuid[], uuid)"
LIMIT = "public.check_message_rate_limit()"
MEMBERS = "public.organization_members"
MESSAGES = "public.messages"
OBJECTS = "storage.objects"
ORGANIZATIONS = "public.organizations"
PAGE = "public.get_messages_page(uuid, bigint, integer)"
PARTICIPANTS = "public.conversation_participants"
PROFILES = "public.user_profiles"
UNREAD = "public.get_unread_count(uuid, uuid)"

CREATOR_ADDS = "private.may_add(uuid, uuid, uuid)"

# The smallest possible selection, for findings from the catalogue.
LEAST = (LIMIT,)


def edited(function: str, old: str, new: str) -> str:
    """SQL that replaces a part of the text of ``function``, like in an editor."""
    return f"""
        do $edit$
        declare
          before text := pg_get_functiondef('{function}'::regprocedure);
          after text := replace(before, $piece${old}$piece$, $piece${new}$piece$);
        begin
          assert after <> before, 'there is no such piece in {function}';
          execute after;
        end
        $edit$
    """


# A trigger checks the same as the policy of participants: for a hole, both have to be open.
MAY_ADD_ANYBODY = edited(CREATOR_ADDS, "om.organization_id = c.organization_id and ", "") + ";"
