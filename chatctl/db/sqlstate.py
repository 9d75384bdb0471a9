"""Translating errors of PostgreSQL to chatctl's errors."""

from __future__ import annotations

import re

import psycopg

from chatctl.errors import ChatctlError, Conflict, Invalid, NotAllowed, NotFound, Unavailable
from chatctl.secrets import excerpt

_CODE = re.compile(r"[A-Z_]+")  # as a hint of private.refuse: NOT_FOUND
_MOST_CHARACTERS, _MOST_LINES = 2_000, 24


def is_temporary(error: psycopg.Error) -> bool:
    """Whether a retry may succeed, because the cause is the state of the server or another session.

    psycopg's classes do not show this: its OperationalError includes a table with too many columns.
    """
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)  # raised by libpq: the connection is lost
    return error.sqlstate in _TEMPORARY


def translate(error: psycopg.Error) -> ChatctlError:
    """The ChatctlError for a psycopg error, with its message and without any secret."""
    text = reason(error)
    kind = kind_of(error.sqlstate)
    if kind is None:
        kind = Unavailable if is_temporary(error) else ChatctlError
    hint = error.diag.message_hint
    if (error.sqlstate or "").startswith("PT"):  # refused by chat's own functions, with a code for clients
        text, where = text[:1].lower() + text[1:], ""
        hint = None if hint and _CODE.fullmatch(hint) else hint
    else:
        where = f" [{error.sqlstate}]" if error.sqlstate else ""
    return kind(f"{text}{where}", hint=presentable(hint) if hint else None)


def kind_of(sqlstate: str | None) -> type[ChatctlError] | None:
    """The class of error for ``sqlstate``; None if there is no specific one."""
    code = sqlstate or ""
    return _BY_STATE.get(code) or _BY_CLASS.get(code[:2])


def reason(error: psycopg.Error) -> str:
    """The message of the server, or that of libpq in one line; presentable."""
    return presentable(error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__)


def presentable(text: str) -> str:
    """A text from the server, without secrets, shortened to one screen."""
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
        # Time-outs and canceled statements, and a server that shuts down, crashes or starts.
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
