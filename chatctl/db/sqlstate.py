"""What PostgreSQL refuses, in chatctl's words and the plan's error codes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg

from chatctl.db.files import data_directory
from chatctl.errors import ChatctlError, Conflict, Invalid, NotAllowed, NotFound, Unavailable
from chatctl.settings import excerpt

_MOST_CHARACTERS, _MOST_LINES = 2_000, 24


@dataclass(frozen=True)
class ErrorCode:
    """One error as clients see it: the plan's code, its HTTP status and the sentence for the user."""

    code: str
    status: int
    message: str


@cache
def catalogue() -> dict[str, Any]:
    """The shared table of error codes (``_shared/errors.json`` of the Edge Functions)."""
    path = data_directory("supabase/functions") / "_shared" / "errors.json"
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def error_code(error: psycopg.Error) -> ErrorCode:
    """The plan's code for what PostgreSQL refused: by hint, then constraint, then SQLSTATE."""
    table = catalogue()
    hint = error.diag.message_hint or ""
    constraint = error.diag.constraint_name or ""
    sqlstate = error.sqlstate or ""
    code = (
        hint
        if hint in table["codes"]
        else table["constraints"].get(constraint) or table["sqlstates"].get(sqlstate) or "INTERNAL_ERROR"
    )
    entry = table["codes"][code]
    return ErrorCode(code=code, status=entry["status"], message=entry["message"])


def is_temporary(error: psycopg.Error) -> bool:
    """Whether the same may succeed another time: the reason lies in the server, or in what others do there.

    psycopg's classes do not tell: its OperationalError is also a table with too many columns.
    """
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)  # libpq's own: there is no connection any more
    return error.sqlstate in _TEMPORARY


def translate(error: psycopg.Error) -> ChatctlError:
    """The ChatctlError for a psycopg error, with its message and without any secret."""
    text = reason(error)
    kind = kind_of(error.sqlstate)
    if kind is None:
        kind = Unavailable if is_temporary(error) else ChatctlError
    where = f" [{error.sqlstate}]" if error.sqlstate else ""
    hint = error.diag.message_hint
    return kind(f"{text}{where}", hint=presentable(hint) if hint else None)


def kind_of(sqlstate: str | None) -> type[ChatctlError] | None:
    """The class of error that ``sqlstate`` belongs to; None for one that means nothing to chatctl."""
    code = sqlstate or ""
    return _BY_STATE.get(code) or _BY_CLASS.get(code[:2])


def reason(error: psycopg.Error) -> str:
    """What the server gives as the reason, in one line where libpq gives it; presentable."""
    return presentable(error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__)


def presentable(text: str) -> str:
    """What a server wrote, without secrets and cut to a screen: it may be megabytes long."""
    lines = text.split("\n", _MOST_LINES)
    more = " … (and more lines)" if len(lines) > _MOST_LINES else ""
    return excerpt("\n".join(lines[:_MOST_LINES]), _MOST_CHARACTERS) + more


_TEMPORARY = frozenset(
    {
        # Connections; not 08P01, which is a statement that cannot be sent.
        *("08000", "08001", "08003", "08004", "08006", "08007"),
        # A session or transaction that took longer than the server grants.
        *("25P03", "25P04"),
        # Serialization failures and deadlocks.
        *("40001", "40P01"),
        # Resources: disk, memory, connections; not 53400, a limit that somebody has configured.
        *("53000", "53100", "53200", "53300"),
        # Locks; the rest of class 55 is about the state of an object.
        "55P03",
        # Time-outs and cancelled statements, and a server that shuts down, crashes or starts.
        *("57014", "57P01", "57P02", "57P03", "57P05"),
    }
)
_BY_STATE: dict[str, type[ChatctlError]] = {
    "42501": NotAllowed,
    "28000": NotAllowed,
    "28P01": NotAllowed,
    "3D000": NotFound,
    "PT400": Invalid,
    "PT403": NotAllowed,
    "PT404": NotFound,
    "PT409": Conflict,
    "PT429": Unavailable,
}
_BY_CLASS: dict[str, type[ChatctlError]] = {"23": Conflict}
