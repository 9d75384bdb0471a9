"""Finding what an operator names: a person, an organization or a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Invalid, NotFound
from chatctl.services.moderation.transaction import migrated

_SHOWN = 5  # candidates for an ambiguous name


@dataclass(frozen=True)
class NamedThing:
    """The id of a thing, and its name for people."""

    id: UUID
    name: str


def user(conn: Connection, text: str) -> NamedThing:
    """The user with this id or email, or whose name or email is the only one that begins with it.

    Raises NotFound for nobody, Invalid with the candidates for several.
    """
    return _one(conn, "user", text, "find_users")


def organization(conn: Connection, text: str) -> NamedThing:
    """The organization with this id or slug, or the only one whose slug or name begins with it."""
    return _one(conn, "organization", text, "find_organizations")


def conversation(conn: Connection, text: str, *, organization: NamedThing | None = None) -> NamedThing:
    """The conversation with this id, or the only group of the organization that is named so or begins so."""
    _require_text(text, "conversation")
    found = _matches(conn, "find_conversations", text, organization)
    if not found and organization is None and not _is_id(text):
        raise Invalid(
            f"{text} is not the id of a conversation",
            hint="a name needs --org, the organization that it is in",
        )
    return _only(found, "conversation", text)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _one(conn: Connection, kind: str, text: str, query_name: str) -> NamedThing:
    _require_text(text, kind)
    return _only(_matches(conn, query_name, text), kind, text)


def _require_text(text: str, kind: str) -> None:
    if not text.strip():
        raise Invalid(f"the name of the {kind} is empty")


def _matches(
    conn: Connection, query_name: str, text: str, organization: NamedThing | None = None
) -> list[NamedThing]:
    parameters = {
        "text": text,
        "count": _SHOWN + 1,
        "organization_id": organization.id if organization else None,
    }
    with migrated(), conn.cursor(row_factory=class_row(NamedThing)) as cursor:
        return cursor.execute(query(f"moderation/{query_name}"), parameters).fetchall()


def _only(found: list[NamedThing], kind: str, text: str) -> NamedThing:
    if not found:
        raise NotFound(f"there is no {kind} {text}")
    if len(found) == 1:
        return found[0]
    shown = [f"{candidate.name}  {candidate.id}" for candidate in found[:_SHOWN]]
    more = ["…"] if len(found) > _SHOWN else []
    raise Invalid(
        f"{text} may be {'more than ' if more else ''}{len(shown)} {kind}s; name one by its id",
        hint="\n".join([*shown, *more]),
    )
