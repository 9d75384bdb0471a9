"""The people of the demo, created with the Admin API of Auth, and other answers that it may give."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from supabase import Client

from chatctl.services.seed import accounts
from chatctl.services.seed.outline import build
from chatctl.services.seed.people import PASSWORD, PASSWORD_HASH
from chatctl.services.seed.rows import Person
from chatctl.services.seed.spec import DEMO
from tests.support.contract import PUBLISHABLE_KEY, Fault, Project

PEOPLE = build(DEMO).people
CREATE = "POST /auth/v1/admin/users"
LIST = "GET /auth/v1/admin/users?"
CUT = Fault()
BUSY = Fault(429, body={"code": "over_request_rate_limit", "message": "Request rate limit reached"})
BROKEN = Fault(500, body={"code": "unexpected_failure", "message": "Database error creating new user"})


def create(client: Client, people: list[Person] = PEOPLE, **options: Any) -> int:
    return accounts.create(client, people, password_hash=PASSWORD_HASH, **options)


def sign_in(project: Project, person: Person, password: str = PASSWORD, key: str = PUBLISHABLE_KEY) -> UUID:
    return accounts.sign_in(project.url, key, person.email, password)
