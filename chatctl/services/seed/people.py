"""The people of a world: users who can sign in, their organizations and memberships."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.files import sql_statement
from chatctl.services.seed.chunks import copy_rows
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.rows import Member, Organization

PASSWORD = "chatctl-demo"  # noqa: S105 - meant to be known
# bcrypt of PASSWORD. Cost 10, as in Supabase Auth, which rehashes passwords with another cost at sign-in.
PASSWORD_HASH = "$2a$10$chatctlDemoWorldSaltSem5gxhu2UJqd0aPT..Ka.2Ph2LXU7F4K"  # noqa: S105

_AT_ONCE = 5_000


@dataclass(frozen=True)
class Login:
    """A user who can sign in with ``PASSWORD``."""

    email: str
    full_name: str
    organization: str
    role: str


def write(conn: Connection, outline: Outline, *, users: bool = True) -> None:
    """Write people, organizations and memberships in the open transaction; triggers must be off.

    Without ``users``, Auth has already created the users, and only their profiles are completed.
    """
    for start in range(0, len(outline.people), _AT_ONCE):
        records = [
            {
                "id": str(p.id),
                "email": p.email,
                "full_name": p.full_name,
                "created_at": p.created_at.isoformat(),
            }
            for p in outline.people[start : start + _AT_ONCE]
        ]
        if users:
            parameters = {"people": Jsonb(records), "password": PASSWORD_HASH}
            conn.execute(sql_statement("seed/users"), parameters)
            conn.execute(sql_statement("seed/identities"), parameters)
        conn.execute(sql_statement("seed/profiles"), {"people": Jsonb(records)})
    copy_rows(conn, ("public", "organizations"), Organization, outline.organizations)
    copy_rows(conn, ("public", "organization_members"), Member, outline.members)


def logins(outline: Outline) -> list[Login]:
    """The owner and the first admin and member of every organization."""
    people = {person.id: person for person in outline.people}
    return [
        Login(people[member.user_id].email, people[member.user_id].full_name, organization.name, member.role)
        for organization in outline.organizations
        for member in _first_of_each_role(outline, organization)
    ]


def _first_of_each_role(outline: Outline, organization: Organization) -> Iterator[Member]:
    members = [member for member in outline.members if member.organization_id == organization.id]
    for role in ("owner", "admin", "member"):
        yield from [member for member in members if member.role == role][:1]
