"""Impersonating a user of the API: set the role and the JWT claims for one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chatctl.db.connection import Connection
from chatctl.errors import NotAllowed


def claims_for(user_id: UUID | str, **more: Any) -> dict[str, Any]:
    """The claims in the access token of a user who is signed in with Supabase Auth."""
    return {"sub": str(user_id), "role": "authenticated", "aud": "authenticated", **more}


def act_as(conn: Connection, role: str, claims: Mapping[str, Any] | str | None = None) -> None:
    """Take ``role`` and ``claims`` until the transaction ends, as PostgREST does for a request.

    ``claims`` may be a mapping, the raw text of the setting, or None for an unset one.
    Raises NotAllowed if the resulting role bypasses row-level security.
    """
    text = claims if claims is None or isinstance(claims, str) else json.dumps(claims)
    conn.execute(
        "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
        (role, "" if text is None else text),
    )
    row = conn.execute(
        "select current_user, rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = current_user"
    ).fetchone()
    if row is None or row[0] != role:
        raise NotAllowed(f"this connection cannot act as {role}")
    if row[1] and role != "service_role":
        raise NotAllowed(
            f"role {role} is not subject to row-level security; a test as this role would prove nothing"
        )
