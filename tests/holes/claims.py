"""Tokens: claims that users can write themselves, and claims read from any token."""

from __future__ import annotations

from tests.holes.hole import CONVERSATIONS, LEAST, MESSAGES, ORGANIZATIONS, PAGE, PROFILES, Hole, edited

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
    Hole(
        "the organization in user_metadata",
        "user_metadata trusted",
        """
        create policy "tenant isolation" on messages for select to authenticated
        using (organization_id::text = auth.jwt() -> 'user_metadata' ->> 'organization_id')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("forged",),
    ),
    Hole(
        "the organizations in user_metadata",
        "user_metadata trusted",
        """
        create policy "my workspaces" on organizations for select to authenticated
        using (auth.jwt() -> 'user_metadata' -> 'organizations' ? id::text)
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("forged",),
    ),
    Hole(
        "the admin's role in user_metadata",
        "user_metadata trusted",
        """
        create policy "admins see everything" on organizations for select to authenticated
        using (auth.jwt() -> 'user_metadata' ->> 'role' = 'admin')
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("forged admin",),
    ),
    Hole(
        "is_admin where auth.users keeps what a user says of itself",
        "user_metadata trusted",
        """
        create or replace view private.my_organizations with (security_barrier = true) as
        select om.organization_id
        from public.organization_members om
        where om.user_id = (select private.current_user_id())
        union
        select o.id from public.organizations o
        join auth.users u on u.id = private.current_user_id()
        where (u.raw_user_meta_data ->> 'is_admin')::boolean
        """,
        ("leak:public.organizations:select",),
        (ORGANIZATIONS,),
        ("forged",),
    ),
    Hole(
        "sub from user_metadata first",
        "user_metadata trusted",
        edited(
            "private.claimed_user_id()",
            "named := coalesce(",
            "named := coalesce(current_setting('request.jwt.claims', true)::jsonb #>> '{user_metadata,sub}',",
        ),
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("forged",),
    ),
    Hole(
        "an address of the token",
        "email trusted",
        """
        create policy "profile by email" on user_profiles for select to authenticated
        using (email = auth.jwt() ->> 'email' or auth.jwt() ->> 'email' like '%@ourcompany.example')
        """,
        ("leak:public.user_profiles:select",),
        (PROFILES,),
        ("forged",),
    ),
    Hole(
        "the organization in app_metadata, for as long as the token lasts",
        "stale claim",
        """
        create policy "tenant isolation" on messages for select to authenticated
        using (organization_id::text = auth.jwt() -> 'app_metadata' ->> 'organization_id')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("removed",),
    ),
    Hole(
        "a second factor was to be asked for, and is enough",
        "permissive meant restrictive",
        """
        create policy "require MFA" on messages for select to authenticated
        using (auth.jwt() ->> 'aal' = 'aal2')
        """,
        ("leak:public.messages:select",),
        (MESSAGES,),
        ("forged",),
    ),
    Hole(
        "a header says who one is",
        "header trusted",
        """
        create policy "internal calls" on messages for select to authenticated
        using (current_setting('request.headers', true)::json ->> 'x-internal' = 'true')
        """,
        ('lint:"internal calls" on public.messages:forgeable_claim',),
        LEAST,
    ),
]
