"""Finding what an operator names: a person, an organization or a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Invalid, NotFound
from chatctl.formats.escaping import line
from chatctl.services.moderation.transaction import migrated

_SHOWN = 5  # candidates for an ambiguous name
FETCHED = _SHOWN + 1  # to know whether there are more


@dataclass(frozen=True)
class NamedThing:
    """The id of a thing, and its name for people, on one line.

    Users choose names, so control characters in them are escaped.
    """

    id: UUID
    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", line(self.name))


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
    if not found and organization is None and as_id(text) is None:
        raise Invalid(
            f"{text} is not the id of a conversation",
            hint="a name needs --org, the organization that it is in",
        )
    return _only(found, "conversation", text)


def as_id(text: str) -> UUID | None:
    """The id that ``text`` is, as PostgreSQL writes it, in upper or lower case; None for other text."""
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None


def ambiguous(kind: str, text: str, candidates: Sequence[NamedThing]) -> Invalid:
    """The error for a name of several things; it lists the first ``candidates``."""
    # The id is in front, where no name can forge it.
    shown = [f"{candidate.id}  {candidate.name}" for candidate in candidates[:_SHOWN]]
    more = ["…"] if len(candidates) > _SHOWN else []
    return Invalid(
        f"{text} may be {'more than ' if more else ''}{len(shown)} {kind}s; name one by its id",
        hint="\n".join([*shown, *more]),
    )


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
        "id": as_id(text),
        "count": FETCHED,
        "organization_id": organization.id if organization else None,
    }
    with migrated(), conn.cursor(row_factory=class_row(NamedThing)) as cursor:
        return cursor.execute(query(f"moderation/{query_name}"), parameters).fetchall()


def _only(found: list[NamedThing], kind: str, text: str) -> NamedThing:
    if not found:
        raise NotFound(f"there is no {kind} {text}")
    if len(found) > 1:
        raise ambiguous(kind, text, found)
    return found[0]
