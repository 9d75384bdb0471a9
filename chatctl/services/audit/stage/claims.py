"""SQL for the claims of an identity."""

from __future__ import annotations

import json
from typing import Any

from psycopg import sql

from chatctl.services.audit.access.clauses import raw_sql
from chatctl.services.audit.access.expectations import Identity


def claims_sql(identity: Identity) -> sql.Composable:
    """SQL for the claims of ``identity``, which calls id(); null leaves them unset."""
    if identity.raw is not None:
        return raw_sql(identity.raw)
    claims = {"role": identity.role, **identity.claims}
    if identity.user is None:
        return sql.SQL("({})::text").format(_json(claims))
    return sql.SQL("(jsonb_build_object('sub', id({})) || {})::text").format(
        sql.Literal(identity.user), _json({"aud": identity.role, **claims})
    )


def _json(value: Any) -> sql.Composable:
    """SQL for a JSON value, in which {id: north} is the uuid that the fixture names north."""
    match value:
        case {"id": str(name), **more} if not more:
            return sql.SQL("to_jsonb(id({}))").format(sql.Literal(name))
        case dict() if _has_names(value):
            parts = [sql.SQL("{}, {}").format(sql.Literal(key), _json(part)) for key, part in value.items()]
            return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(parts))
        case list() if _has_names(value):
            return sql.SQL("jsonb_build_array({})").format(sql.SQL(", ").join(map(_json, value)))
    return sql.SQL("{}::jsonb").format(sql.Literal(json.dumps(value)))


def _has_names(value: Any) -> bool:
    match value:
        case {"id": str(), **more} if not more:
            return True
        case dict():
            return any(map(_has_names, value.values()))
        case list():
            return any(map(_has_names, value))
    return False
