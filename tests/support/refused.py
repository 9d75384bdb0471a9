"""What a client can read from an error of the backend."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import psycopg

from chatctl.data import data_directory


@cache
def error_codes() -> dict[str, Any]:
    """The table of error codes that clients and the Edge Functions share."""
    path = data_directory("supabase/functions") / "_shared" / "errors.json"
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def error_code(error: psycopg.Error) -> str:
    """The code for an error of PostgreSQL: by hint, then constraint, then SQLSTATE."""
    table = error_codes()
    hint = error.diag.message_hint or ""
    if hint in table["codes"]:
        return hint
    by_constraint = table["constraints"].get(error.diag.constraint_name)
    by_state = table["sqlstates"].get(error.sqlstate)
    return str(by_constraint or by_state or "INTERNAL_ERROR")


def details(error: psycopg.Error) -> dict[str, Any]:
    """The JSON object in the detail of the error."""
    assert error.diag.message_detail, error
    document: dict[str, Any] = json.loads(error.diag.message_detail)
    return document
