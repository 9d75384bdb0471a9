"""Holes that the audit does not find yet; no test collects them. Each says what would find it.

The ids are proposals where the rule would be a new one.
"""

from __future__ import annotations

from tests.holes.hole import LEAST, MESSAGES, Hole

GAPS = [
    # All rows of fixture.sql are made now, and when a message was sent is nobody's to change. A lint for
    # policies that do not ask who is calling would blame those of public content.
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
    # Refused is refused: what the message says is compared with that about what does not exist, and not read.
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
    # Asked is what the API's roles may become, not who else may become them: access.yaml would have to name
    # the operators.
    Hole(
        "a login for reports becomes service_role",
        "role",
        "create role reporting login; grant service_role to reporting",
        ("role:reporting:becomes service_role",),
        LEAST,
        as_superuser=True,
    ),
]
