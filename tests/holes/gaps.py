"""Holes that the audit does not find yet; no test uses them. Each names what would find it.

If that would be a new rule, its id is a proposal.
"""

from __future__ import annotations

from tests.holes.hole import LEAST, MESSAGES, Hole

GAPS = [
    # All rows of fixture.sql are created now, and nobody may change when a message was sent. A lint for
    # policies that do not check the caller would also report those of public content.
    Hole(
        "old messages are everybody's",
        "rows of a kind",
        """
        create policy "archive" on messages for select to authenticated
        using (created_at < now() - interval '1 year')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
    ),
    # The audit only compares the message of a refusal with that for a missing row; it does not read it.
    Hole(
        "a refusal tells what others have written",
        "error message",
        """
        create function private.tell() returns trigger
        language plpgsql security definer set search_path = '' as $$
        begin
          raise insufficient_privilege using message = (select string_agg(content, ',') from public.messages);
        end $$;
        create trigger tell before insert on messages for each row
        when (new.sender_id is null) execute function private.tell()
        """,
        ("leak:public.messages:insert",),
        (MESSAGES,),
    ),
    # The audit checks which roles the API's roles may assume, not who may assume these. access.yaml must name
    # the operators for that.
    Hole(
        "a login for reports becomes service_role",
        "role",
        "create role reporting login; grant service_role to reporting",
        ("role:reporting:becomes service_role",),
        LEAST,
        as_superuser=True,
    ),
]
