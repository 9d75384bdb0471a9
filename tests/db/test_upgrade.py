"""An old database (before 20261129) with rows that violate later rules is migrated and works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.services.migrations import migrate
from tests.db.test_deletion import DELETE, SPELLINGS
from tests.support.invariants import breaches
from tests.support.world import Database, World

OLD_VERSION = "20261123005000"  # the last migration before the rules under test


class OldBackend:
    """Inserts rows into the old schema, which has no triggers yet."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.organization = self._insert("organizations", name="old", slug="old")

    def _insert(self, table: str, **values: object) -> UUID:
        # All names come from this file.
        columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
        row = self.conn.execute(
            f"insert into {table} ({columns}) values ({places}) returning *".encode(), list(values.values())
        ).fetchone()
        assert row
        return UUID(str(row[0]))

    def user(self) -> UUID:
        user = uuid4()
        self.conn.execute(
            "insert into auth.users (id, email) values (%s, %s)", (user, f"{user}@example.test")
        )
        self._insert("user_profiles", id=user, email=f"{user}@example.test")
        self._insert("organization_members", organization_id=self.organization, user_id=user)
        return user

    def group(self, creator: UUID, *people: UUID) -> UUID:
        """A group that people joined in this order, last changed one day after its creation."""
        group = self._insert(
            "conversations",
            organization_id=self.organization,
            name="old",
            is_group=True,
            created_by=creator,
            created_at="2026-01-01Z",
            updated_at="2026-01-02Z",
            participant_count=len(people),
        )
        for number, user in enumerate(people):
            self._insert(
                "conversation_participants",
                conversation_id=group,
                user_id=user,
                joined_at=f"2026-01-01 00:00:{number:02}Z",
            )
            self._insert("private.read_states", conversation_id=group, user_id=user)
        return group

    def send(self, sender: UUID | None, group: UUID, attachments: object, *, deleted: bool = False) -> UUID:
        seq = self.conn.execute(
            "update conversations set last_seq = last_seq + 1, message_count = message_count + %s, "
            "last_message_seq = case when %s then last_message_seq else last_seq + 1 end "
            "where id = %s returning last_seq",
            (0 if deleted else 1, deleted, group),
        ).fetchone()
        assert seq
        message = self._insert(
            "messages",
            organization_id=self.organization,
            conversation_id=group,
            sender_id=sender,
            attachments=None if deleted else Jsonb(attachments),
            deleted_at="2026-01-02Z" if deleted else None,
            created_at=f"2026-01-01 00:01:{seq[0]:02}Z",
            seq=seq[0],
        )
        if deleted:
            self._insert(
                "private.deleted_messages",
                message_id=message,
                conversation_id=group,
                sender_id=sender,
                attachments=Jsonb(attachments),
                reactions=Jsonb([]),
                deleted_at="2026-01-02Z",
            )
        elif sender:
            self.conn.execute(
                "update private.read_states set seen_count = seen_count + 1 "
                "where (conversation_id, user_id) = (%s, %s)",
                (group, sender),
            )
        return message

    def upload(self, owner: UUID | None, group: UUID, file: UUID) -> str:
        name = f"{self.organization}/chat/{group}/{file}_plan.pdf"
        self.conn.execute(
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            (name, str(owner) if owner else None),
        )
        return name

    def read(self, user: UUID, group: UUID, moment: str) -> None:
        self.conn.execute(
            "update conversation_participants set last_read_at = %s "
            "where conversation_id = %s and user_id = %s",
            (moment, group, user),
        )


@pytest.fixture
def old(bare_database: Database, tmp_path: Path) -> Iterator[OldBackend]:
    (tmp_path / "migrations").mkdir()
    for file in (data_directory("sql") / "migrations").glob("*.sql"):
        if file.name.partition("_")[0] <= OLD_VERSION:
            shutil.copy(file, tmp_path / "migrations")
    with bare_database.connect() as conn:
        migrate(conn, directory=tmp_path)
        conn.execute("insert into storage.buckets (id, name) values ('attachments', 'attachments')")
        yield OldBackend(conn)


@pytest.fixture
def world(bare_database: Database) -> Iterator[World]:
    with World(bare_database) as world:
        yield world


def _attachment(id: str = "1", url: str = "elsewhere", **more: object) -> dict[str, object]:
    return {"id": id, "name": "plan.pdf", "type": "application/pdf", "size": 10, "url": url, **more}


def test_read_positions_before_chat_existed_become_null(old: OldBackend, world: World) -> None:
    people = [old.user() for _ in range(4)]
    group = old.group(people[0], *people)
    old.send(people[0], group, [_attachment()])
    for user, moment in zip(people[1:], ("4713-01-01 BC", "-infinity", "2000-01-01Z"), strict=True):
        old.read(user, group, moment)

    migrate(old.conn)

    read = "select last_read_at::text from conversation_participants order by joined_at"
    old.conn.execute("set timezone = 'UTC'")
    assert [row[0] for row in old.conn.execute(read)] == [None, None, None, "2000-01-01 00:00:00+00"]
    assert [world.value(user, "select get_unread_count(%s, %s)", group, user) for user in people] == [
        0,
        1,
        1,
        1,
    ]
    assert world.fact("select updated_at = '2026-01-02Z' from conversations")
    assert breaches(old.conn) == {}
    mark = "update conversation_participants set last_read_at = now() where user_id = %s"
    assert world.changed(people[1], mark, people[1]) == 1
    assert world.value(people[1], "select get_unread_count(%s, %s)", group, people[1]) == 0


def test_groups_get_a_creator_who_is_a_participant(old: OldBackend, world: World) -> None:
    ann, ben, cem = people = [old.user() for _ in range(3)]
    unchanged = old.group(ann, *people)
    left = old.group(ann, ben, cem)
    emptied = old.group(ann)
    never_begun = old.group(ann)
    old.conn.execute("update conversations set updated_at = created_at where id = %s", (never_begun,))
    facts = "select id, updated_at from conversations order by id"
    before = old.conn.execute(facts).fetchall()

    migrate(old.conn)

    creators: dict[UUID, UUID | None] = dict(
        old.conn.execute("select id, created_by from conversations").fetchall()
    )
    assert creators == {unchanged: ann, left: ben, emptied: None, never_begun: ann}
    assert old.conn.execute(facts).fetchall() == before
    rename = "update conversations set name = 'new' where id = %s"
    assert [world.changed(user, rename, left) for user in (ann, ben)] == [0, 1]
    assert world.changed(ann, rename, emptied) == 0


def test_old_attachments_can_be_read_deleted_and_erased(old: OldBackend, world: World) -> None:
    ann, ben, cem = people = [old.user() for _ in range(3)]
    group = old.group(ann, *people)
    absurd = [
        _attachment("f" * 12_000, "u", x="z" * 20_000),
        _attachment("", "%"),
        _attachment("\u0301\u0316" * 6000),
    ]
    anns, bens = old.send(ann, group, absurd), old.send(ben, group, absurd)
    old.send(ann, group, absurd, deleted=True)
    old.send(None, group, absurd, deleted=True)
    old.send(ann, group, [], deleted=True)
    old.send(ann, group, None, deleted=True)

    migrate(old.conn)

    page = "select attachments from get_messages_page(%s) where attachments is not null"
    assert world.rows(cem, page, group) == [(absurd,), (absurd,)]
    assert world.rows(cem, "select toggle_reaction(%s, 'hm')", anns)
    assert world.changed(ann, DELETE, anns, ann) == 1
    world.operator.execute("delete from auth.users where id = %s", (ben,))
    world.operator.execute("update messages set deleted_at = now() where id = %s", (bens,))
    world.operator.execute("update messages set deleted_at = null where id = %s", (anns,))
    assert world.rows(cem, page, group) == [(absurd,)]
    assert breaches(old.conn) == {}


@pytest.mark.parametrize("owner", ["its sender", "nobody", "an erased sender"])
def test_files_of_already_deleted_messages_are_hidden_however_they_are_spelled(
    old: OldBackend, world: World, owner: str
) -> None:
    ann, ben, cem = people = [old.user() for _ in range(3)]
    group = old.group(ben, *people)
    live = old.upload(cem, group, uuid4())
    old.send(cem, group, [_attachment(live, live)])
    old.send(ann, group, [_attachment(live, live)], deleted=True)  # somebody else's
    for spelling in SPELLINGS.values():
        file = uuid4()
        path = old.upload(None if owner == "nobody" else ann, group, file)
        erased = owner == "an erased sender"
        old.send(None if erased else ann, group, [_attachment(*spelling(file, path))], deleted=True)
    if owner == "an erased sender":
        old.conn.execute("delete from auth.users where id = %s", (ann,))
        old.conn.execute("update conversations set participant_count = 2")

    migrate(old.conn)

    assert world.rows(ben, "select name from storage.objects") == [(live,)]
    assert breaches(old.conn) == {}


def test_files_of_older_messages_are_indexed_like_those_of_later_ones() -> None:
    """Migrations run before functions are applied, so that one migration has copies of two functions."""
    sql = data_directory("sql")
    migration = (sql / "migrations/20261129090500_hidden_files.sql").read_text(encoding="utf-8")
    for name in ("plain_text", "file_ids"):
        text = (sql / f"objects/functions/{name}.sql").read_text(encoding="utf-8")
        definition = text[text.index("create or replace function") :]
        assert _statements(definition) in _statements(migration)


def _statements(script: str) -> str:
    """Without comments, and without settings, which were others when the migration was written."""
    return "\n".join(line for line in script.splitlines() if not line.lstrip().startswith(("--", "set ")))
