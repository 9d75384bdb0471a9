"""``chatctl as``: what a user sees through the API, in a transaction that can change nothing.

The transaction is read-only, has role ``authenticated`` and the claims of the user's access token. There is
no way out of it: only the queries of sql/queries/moderation/as run in it, with bound parameters; the first
statement after ``read only`` is a query, so that PostgreSQL refuses to make it writable; and it is rolled
back without a result if a function that a query calls has changed the role, the claims or the access mode.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.roles import act_as
from chatctl.db.sqlstate import reason
from chatctl.errors import NotAllowed, NotFound
from chatctl.services.moderation import transaction
from chatctl.services.moderation.names import NamedThing
from chatctl.services.moderation.operators import OperatorAct

Row = dict[str, Any]

_ROLE = "authenticated"
_REFUSALS = ("PT403", "PT404", "42501")  # what the API would answer with 403 or 404


@dataclass(frozen=True)
class ImpersonatedUser:
    """A user, and the claims of the access token that Auth would issue for it."""

    id: UUID
    name: str
    claims: Mapping[str, Any]
    suspended: bool


@dataclass(frozen=True)
class ViewedRows:
    """The rows that a viewer sees; ``refusal`` is the message that the API answers with instead of rows."""

    viewer: ImpersonatedUser
    rows: list[Row]
    refusal: str | None = None


def viewer(conn: Connection, user: NamedThing) -> ImpersonatedUser:
    """The user as a viewer. Raises NotAllowed if its tokens have another role than ``authenticated``."""
    with transaction.migrated():
        row = conn.execute(query("moderation/as/viewer"), {"user_id": user.id}).fetchone()
    if row is None or row[0] is None:
        raise NotFound(f"{user.name} has no account in Auth, so it cannot sign in and see anything")
    claims, suspended = row
    if claims["role"] != _ROLE:
        raise NotAllowed(
            f"the tokens of {user.name} have role {claims['role']}; only {_ROLE} can be impersonated"
        )
    return ImpersonatedUser(user.id, user.name, claims, suspended)


def require_possible(conn: Connection) -> None:
    """Raise NotAllowed if the role of ``conn`` cannot become ``authenticated``."""
    try:
        with conn.transaction(force_rollback=True):
            act_as(conn, _ROLE)
    except psycopg.errors.InsufficientPrivilege:
        raise NotAllowed(
            f"role {conn.info.user} cannot act as {_ROLE}, which viewing as a user needs",
            hint="use the role that runs `chatctl migrate`; roles of `chatctl operator grant` cannot",
        ) from None


def log(
    conn: Connection,
    command: str,
    viewers: Sequence[ImpersonatedUser],
    targets: Sequence[str],
    arguments: Mapping[str, Any],
    act: OperatorAct,
    *,
    on_wait: Callable[[str], None],
) -> None:
    """Commit a row of the log that says as whom the operator is about to read what, and why."""
    parameters = {
        "command": f"as {command}",
        "user_ids": [each.id for each in viewers],
        "targets": list(targets),
        "arguments": Jsonb(dict(arguments)),
        **act.parameters,
    }
    transaction.run(conn, "log_read_of_users", parameters, dry_run=False, on_wait=on_wait)


def read_as(
    conn: Connection, viewers: Sequence[ImpersonatedUser], name: str, parameters: Mapping[str, Any]
) -> list[ViewedRows]:
    """What each viewer sees of ``sql/queries/moderation/as/<name>.sql``, all in the same snapshot.

    The query gets the viewer's id as ``user_id``. Raises NotAllowed if the database breaks out of the view.
    """
    with transaction.migrated(), conn.transaction(force_rollback=True):
        conn.execute("set transaction isolation level repeatable read, read only")
        return [_rows_of(conn, each, name, parameters) for each in viewers]


def _rows_of(
    conn: Connection, as_whom: ImpersonatedUser, name: str, parameters: Mapping[str, Any]
) -> ViewedRows:
    act_as(conn, _ROLE, as_whom.claims)
    try:
        with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
            cursor.execute(query(f"moderation/as/{name}"), {**parameters, "user_id": as_whom.id})
            rows = cursor.fetchall()
            _require_confined(conn, as_whom)
    except psycopg.Error as error:
        if error.sqlstate not in _REFUSALS:
            raise
        return ViewedRows(as_whom, [], reason(error))
    return ViewedRows(as_whom, rows)


def _require_confined(conn: Connection, as_whom: ImpersonatedUser) -> None:
    row = conn.execute(
        "select current_user = %s and current_setting('role') = %s "
        "and current_setting('transaction_read_only') = 'on' "
        "and current_setting('request.jwt.claims') = %s",
        (_ROLE, _ROLE, json.dumps(as_whom.claims)),
    ).fetchone()
    if row is None or not row[0]:
        raise NotAllowed(
            f"a function in this database left the view as {as_whom.name}; its result is withheld",
            hint="look for functions that set the role, the claims or the access mode of the transaction",
        )
