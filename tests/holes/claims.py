"""Tokens: what a user writes into its own, and what is read from any."""

from __future__ import annotations

from tests.holes.hole import CONVERSATIONS, MESSAGES, ORGANIZATIONS, PAGE, Hole, edited

HOLES = [
    Hole(
        "user_metadata is believed",
        "user_metadata trusted",
        """
        create policy loose on organizations for select to authenticated
        using (current_setting('request.jwt.claims', true) like '%"is_admin": true%')
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("forged",),
    ),
    Hole(
        "the owner's role in user_metadata",
        "user_metadata trusted",
        """
        create policy "owners see everything" on messages for select to authenticated
        using (auth.jwt() -> 'user_metadata' ->> 'role' = 'owner')
        """,
        ("leak:public.messages:select", "leak:public.messages:select content"),
        (MESSAGES,),
        ("forged",),
    ),
    Hole(
        "is_admin inside a helper",
        "user_metadata trusted",
        """
        create function private.is_admin() returns boolean
        language sql stable security definer set search_path = '' as $$
          select coalesce((auth.jwt() -> 'user_metadata' ->> 'is_admin')::boolean, false)
        $$;
        create policy "admins see conversations" on conversations for select to authenticated
        using (private.is_admin())
        """,
        ("leak:public.conversations:select", "unlisted:private.is_admin():execute"),
        (CONVERSATIONS,),
        ("forged",),
    ),
    Hole(
        "service_role anywhere in the token",
        "role from the claims",
        """
        create policy "service role has access" on messages for all to authenticated
        using (current_setting('request.jwt.claims', true) like '%service_role%')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("forged",),
    ),
    Hole(
        "a claim that says what one may",
        "role from the claims",
        edited(
            "private.is_trusted()",
            "if role_in_force in ('authenticated', 'anon') then",
            """
  if current_setting('request.jwt.claims', true)::jsonb ->> 'app_role' = 'service_role' then
    return true;
  end if;
  if role_in_force in ('authenticated', 'anon') then""",
        ),
        (f"leak:{PAGE}:call", "leak:private.is_trusted():call"),
        (PAGE, "private.is_trusted()"),
        ("forged",),
    ),
    Hole(
        "a policy that raises for odd claims",
        "policy that raises",
        "create policy careless on organizations for select to authenticated using (id = auth.uid())",
        ("raises:public.organizations:select",),
        (ORGANIZATIONS,),
        ("sub that is no uuid",),
    ),
    Hole(
        "claims that are cast as they come",
        "policy that raises",
        """
        create policy careless on messages for select to authenticated
        using (sender_id = (current_setting('request.jwt.claims')::json ->> 'sub')::uuid)
        """,
        ("raises:public.messages:select",),
        (MESSAGES,),
        ("sub that is no uuid", "empty claims"),
    ),
]
