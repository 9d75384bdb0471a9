"""What a hole is, and what the modules beside it share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hole:
    """``sql`` opens it; ``findings`` must be reported, with all of ``identities`` where they are of people.

    ``kind`` is the mistake that was made. ``doubts`` instead of findings where a constraint or trigger behind
    the open door stops what came through: the audit cannot tell, and says so. ``as_superuser`` for what the
    owner of the schema may not do.
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

# The least that can be tried, for what the catalogue says.
LEAST = (LIMIT,)


def edited(function: str, old: str, new: str) -> str:
    """SQL that makes ``function`` anew with one piece of its text changed, as in an editor."""
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


# What the policy of participants asks is asked by a trigger, too: to be a hole, both have to be open.
MAY_ADD_ANYBODY = edited(CREATOR_ADDS, "om.organization_id = c.organization_id and ", "") + ";"
