"""A small world for tests: people act with the role and claims of the API, as with PostgREST."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection, connect
from chatctl.db.roles import act_as, claims_for
from chatctl.local.postgres.server import Server


@dataclass(frozen=True)
class Database:
    """One database of a test server."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return self.server.url_for("postgres", self.name)

    def connect(self, role: str = "postgres") -> Connection:
        return connect(self.server.url_for(role, self.name))


class World:
    """Creates people, organizations and conversations, and runs statements as any of them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.operator = self._stack.enter_context(self.database.connect())
        self._api = self._stack.enter_context(self.database.connect("authenticator"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def user(self, name: str = "someone") -> UUID:
        """A user of Auth, whose profile is created by the database."""
        user = uuid4()
        self.operator.execute(
            """
            insert into auth.users (instance_id, id, aud, role, email, raw_user_meta_data)
            values ('00000000-0000-0000-0000-000000000000', %s, 'authenticated', 'authenticated', %s, %s)
            """,
            (user, f"{name}-{user}@example.test", Jsonb({"full_name": name})),
        )
        return user

    def organization(self, *members: UUID, slug: str | None = None) -> UUID:
        """An organization with these members, who joined in this order."""
        slug = slug or f"org-{uuid4()}"
        row = self.operator.execute(
            "insert into organizations (name, slug) values (%s, %s) returning id", (slug, slug)
        ).fetchone()
        assert row
        for member in members:
            self.join_organization(row[0], member)
        return UUID(str(row[0]))

    def join_organization(self, organization: UUID, user: UUID) -> None:
        self.operator.execute(
            "insert into organization_members (organization_id, user_id, joined_at) "
            "values (%s, %s, clock_timestamp())",
            (organization, user),
        )

    def team(self, size: int = 3) -> tuple[UUID, list[UUID]]:
        """An organization and its ``size`` members."""
        people = [self.user(f"person{number}") for number in range(size)]
        return self.organization(*people), people

    def group(self, organization: UUID, creator: UUID, *others: UUID) -> UUID:
        """A group, created by its creator through the API."""
        return UUID(
            str(
                self.value(
                    creator,
                    "select create_group_conversation('group', %s::uuid[], %s)",
                    list(others),
                    organization,
                )
            )
        )

    def direct(self, organization: UUID, creator: UUID, other: UUID) -> UUID:
        """The direct conversation of two people, started by ``creator``."""
        return UUID(str(self.value(creator, "select start_direct_conversation(%s, %s)", other, organization)))

    def send(self, sender: UUID, conversation: UUID, content: str = "hello") -> UUID:
        """Send a message like a client; returns its id."""
        return UUID(str(self.value(sender, SEND, content, conversation)))

    def forget_sending(self) -> None:
        """Reset the rate limit for messages, for tests that are about something else."""
        self.operator.execute("truncate private.send_windows")

    def lift_limits(self, *actions: str) -> None:
        """Lift the limits of these actions, or all except that of messages, which operators cannot lift."""
        self.operator.execute(
            "update private.limits set allowed = 1000000, per = '1 second' "
            "where action <> 'message' and (action = any(%s) or %s = '{}')",
            (list(actions), list(actions)),
        )

    @contextmanager
    def acting(
        self,
        user: UUID | None,
        *,
        role: str = "authenticated",
        claims: Mapping[str, Any] | str | None = None,
        conn: Connection | None = None,
    ) -> Iterator[Connection]:
        """One request: a transaction as ``role`` with the claims of ``user``, committed at the end."""
        conn = conn or self._api
        if claims is None and user is not None:
            claims = claims_for(user)
        with conn.transaction():
            act_as(conn, role, claims)
            yield conn

    def rows(self, user: UUID | None, statement: str, *values: Any, **how: Any) -> list[tuple[Any, ...]]:
        """Run one statement as ``user``; returns its rows, if any."""
        with self.acting(user, **how) as conn:
            cursor = conn.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, user: UUID | None, statement: str, *values: Any, **how: Any) -> Any:
        """The first column of the first row, None without rows."""
        rows = self.rows(user, statement, *values, **how)
        return rows[0][0] if rows else None

    def changed(self, user: UUID | None, statement: str, *values: Any, **how: Any) -> int:
        """How many rows the statement changed."""
        with self.acting(user, **how) as conn:
            return conn.execute(statement.encode(), values or None).rowcount

    def fact(self, statement: str, *values: Any) -> Any:
        """A value of the database, read by the operator."""
        row = self.operator.execute(statement.encode(), values or None).fetchone()
        return row[0] if row else None


SEND = """
insert into messages (organization_id, conversation_id, sender_id, content, attachments, reactions)
select organization_id, id, private.current_user_id(), %s, null, '[]' from conversations where id = %s
returning id
"""
