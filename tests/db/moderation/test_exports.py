"""Exports of conversations and users: what is in them, and that they appear whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chatctl.db.connection import Connection
from chatctl.errors import Invalid, NotFound
from chatctl.services.moderation import operator_roles
from chatctl.services.moderation.exports import manifest, run
from chatctl.services.moderation.exports.attachments import Storage
from chatctl.services.moderation.exports.manifest import ExportDifference
from chatctl.services.moderation.exports.run import ExportResult, SubjectKind
from chatctl.services.moderation.exports.writers import ExportFormat
from chatctl.services.moderation.names import NamedThing
from chatctl.services.moderation.operator_roles import OperatorVerb
from chatctl.services.moderation.operators import OperatorAct
from tests.support.browser import BROWSER, dom
from tests.support.operator_roles import login_role
from tests.support.waiting import waiting
from tests.support.world import World

ACT = OperatorAct("ann@example.test", "case 12", "T-1")
HOSTILE = [
    "\x1b[2J\x1b]52;c;ZXZpbA==\x07 ansi",
    "\u202ebidi\u2066 gnp.exe",
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "</style></body></html><h1>owned",
    "<!-- --><a href='javascript:alert(3)'>x</a>",
    '=HYPERLINK("http://x")',
    "@SUM(1)",
    "\t=1+1",
    "[/red] [bold]x",
    "\\u0000 \\x00 %00",
    "two\r\nlines",
    "😀" * 4000,
    '"quoted", with a comma',
]


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID]:
    """Two people and their conversation."""
    organization, (ann, ben) = world.team(2)
    return ann, ben, world.direct(organization, ann, ben)


def export(
    conn: Connection,
    kind: SubjectKind,
    subject: UUID,
    out: Path,
    data_format: ExportFormat = ExportFormat.ndjson,
    *,
    with_deleted: bool = False,
    storage: Storage | None = None,
) -> ExportResult:
    return run.export(
        conn, kind, NamedThing(subject, "the subject"), out,
        data_format=data_format, with_deleted=with_deleted, storage=storage, on_file=lambda count: None,
    )  # fmt: skip


def lines(out: Path, section: str) -> list[dict[str, Any]]:
    text = (out / f"{section}.ndjson").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def differences(out: Path) -> list[tuple[str, str]]:
    return [(each.path, each.problem) for each in manifest.verify(out, manifest.read(out)[0])]


def send_all(world: World, sender: UUID, conversation: UUID, contents: list[str]) -> None:
    for content in contents:
        world.forget_sending()
        world.send(sender, conversation, content)


def test_a_conversation_is_exported_as_the_database_has_it(
    world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path
) -> None:
    ann, ben, conversation = chat
    send_all(world, ann, conversation, HOSTILE)
    message = world.send(ben, conversation, "liked")
    world.value(ann, "select toggle_reaction(%s, '🦄')", message)
    result = export(world.operator, "conversation", conversation, tmp_path / "out")
    assert result.counts == {
        "conversation": 1, "participants": 2, "messages": len(HOSTILE) + 1, "purged_messages": 0,
        "attachments": 0,
    }  # fmt: skip
    messages = lines(tmp_path / "out", "messages")
    assert [each["content"] for each in messages] == [*HOSTILE, "liked"]
    assert messages[-1]["reactions"] == [{"emoji": "🦄", "userId": str(ann)}]
    assert {each["user_id"] for each in lines(tmp_path / "out", "participants")} == {str(ann), str(ben)}
    assert differences(tmp_path / "out") == []


def test_csv_cells_are_no_formulas_and_control_nothing(
    world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path
) -> None:
    send_all(world, chat[0], chat[2], HOSTILE)
    export(world.operator, "conversation", chat[2], tmp_path / "out", ExportFormat.csv)
    with (tmp_path / "out" / "messages.csv").open(encoding="utf-8", newline="") as file:
        contents = [row["content"] for row in csv.DictReader(file)]
    assert len(contents) == len(HOSTILE)
    for content in contents:
        assert not content.startswith(("=", "@", "+", "-", "\t"))
        assert not {"\x1b", "\x07", "\u202e", "\r"} & set(content)


@pytest.mark.skipif(BROWSER is None, reason="no browser is installed")
def test_hostile_messages_stay_text_in_a_browser(
    world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path
) -> None:
    send_all(world, chat[0], chat[2], HOSTILE)
    world.operator.execute(
        "update user_profiles set full_name = '<script>alert(4)</script>\u202e' where id = %s", (chat[0],)
    )
    export(world.operator, "conversation", chat[2], tmp_path / "out", ExportFormat.html)
    shown = dom(tmp_path / "out" / "export.html", tmp_path / "profile")
    assert shown.count("<article") == len(HOSTILE)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "<a " not in shown
    assert shown.count("<h1>") == 1
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(shown)
    text = unescape(shown)
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in text
    assert "😀" * 4000 in text


def test_what_is_kept_of_deleted_messages_is_left_out_unless_requested(
    world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path
) -> None:
    ann, _, conversation = chat
    deleted, redacted, purged = (world.send(ann, conversation, text) for text in ("one", "two", "three"))
    for verb, message in (("delete", deleted), ("redact", redacted), ("purge", purged)):
        world.operator.execute(f"select moderation.{verb}_messages(%s, 'ann', 'spam')".encode(), ([message],))
    export(world.operator, "conversation", conversation, tmp_path / "without")
    export(world.operator, "conversation", conversation, tmp_path / "with", with_deleted=True)
    assert [each["content"] for each in lines(tmp_path / "without", "messages")] == [None, None]
    assert [each["content"] for each in lines(tmp_path / "with", "messages")] == ["one", None]
    assert [each["seq"] for each in lines(tmp_path / "with", "purged_messages")] == [3]
    for out in ("without", "with"):
        everything = "".join(path.read_text() for path in (tmp_path / out).iterdir())
        assert "two" not in everything
        assert "three" not in everything


def test_a_user_is_exported_with_nothing_that_others_wrote(
    world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path
) -> None:
    ann, ben, conversation = chat
    world.send(ann, conversation, "mine")
    others = world.send(ben, conversation, "not mine")
    world.value(ann, "select toggle_reaction(%s, '🦄')", others)
    world.value(ben, "select toggle_reaction(%s, '👍')", others)
    result = export(world.operator, "user", ann, tmp_path / "out")
    assert result.counts == {
        "profile": 1, "memberships": 1, "restrictions": 0, "conversations": 1, "messages": 1,
        "reactions": 1, "attachments": 0,
    }  # fmt: skip
    assert lines(tmp_path / "out", "profile")[0]["full_name"] == "person0"
    assert [each["content"] for each in lines(tmp_path / "out", "messages")] == ["mine"]
    assert [each["emoji"] for each in lines(tmp_path / "out", "reactions")] == ["🦄"]
    everything = "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    assert "not mine" not in everything
    assert str(ben) not in everything
    for chosen in (ExportFormat.csv, ExportFormat.html):
        export(world.operator, "user", ann, tmp_path / chosen, chosen)
        assert differences(tmp_path / chosen) == []


@pytest.fixture
def attached(world: World, chat: tuple[UUID, UUID, UUID]) -> list[str]:
    """The names in Storage of the files of two messages."""
    ann, _, conversation = chat
    organization = world.fact("select organization_id from conversations where id = %s", conversation)
    paths = []
    for name in ("plan (2).pdf", "..-\u202ex.pdf"):
        file = uuid4()
        path = f"{organization}/chat/{conversation}/{file}_{name}"
        world.operator.execute(
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            (path, str(ann)),
        )
        entry = {"id": str(file), "name": name, "type": "application/pdf", "size": 10, "url": path}
        world.value(ann, "select id from send_message(%s, 'see', %s)", conversation, Jsonb([entry]))
        paths.append(path)
    return paths


def test_attachments_are_included_under_harmless_names(
    world: World, chat: tuple[UUID, UUID, UUID], attached: list[str], tmp_path: Path
) -> None:
    stored = {("attachments", attached[0]): b"%PDF-1.4", ("attachments", attached[1]): b"%PDF-1.5"}
    result = export(
        world.operator, "conversation", chat[2], tmp_path / "out",
        storage=lambda bucket, name: stored[bucket, name],
    )  # fmt: skip
    assert (result.counts["attachments"], result.not_included) == (2, 0)
    paths = [path for each in lines(tmp_path / "out", "messages") for path in each["files"]]
    assert paths == ["attachments/000001-plan_2_.pdf", "attachments/000002-_x.pdf"]
    assert [(tmp_path / "out" / path).read_bytes() for path in paths] == [b"%PDF-1.4", b"%PDF-1.5"]
    assert differences(tmp_path / "out") == []


def test_attachments_that_cannot_be_included_are_listed(
    world: World, chat: tuple[UUID, UUID, UUID], attached: list[str], tmp_path: Path
) -> None:
    export(world.operator, "conversation", chat[2], tmp_path / "out")
    omitted = manifest.read(tmp_path / "out")[0].not_included
    assert [each.name for each in omitted] == attached
    assert {each.reason for each in omitted} == {"the target has no api_url and secret_key"}
    assert [each["files"] for each in lines(tmp_path / "out", "messages")] == [[], []]
    export(world.operator, "user", chat[0], tmp_path / "user", storage=lambda bucket, name: None)
    assert {each.reason for each in manifest.read(tmp_path / "user")[0].not_included} == {
        "it is not in Storage"
    }


def test_an_export_that_fails_leaves_nothing(
    world: World, chat: tuple[UUID, UUID, UUID], attached: list[str], tmp_path: Path
) -> None:
    def broken(bucket: str, name: str) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(world.operator, "conversation", chat[2], tmp_path / "out", storage=broken)
    assert list(tmp_path.iterdir()) == []


def test_the_directory_appears_when_it_is_complete(
    world: World, chat: tuple[UUID, UUID, UUID], attached: list[str], tmp_path: Path
) -> None:
    seen: list[bool] = []

    def storage(bucket: str, name: str) -> bytes:
        seen.append((tmp_path / "out").exists())
        return b"x"

    export(world.operator, "conversation", chat[2], tmp_path / "out", storage=storage)
    assert seen == [False, False]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("existing", ["directory", "file", "dangling link"])
def test_what_exists_is_left_alone(
    world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path, existing: str
) -> None:
    out = tmp_path / "out"
    match existing:
        case "directory":
            out.mkdir()
        case "file":
            out.write_text("mine")
        case _:
            out.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Invalid):
        export(world.operator, "conversation", chat[2], out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_rows_are_those_of_one_moment(
    world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path
) -> None:
    """A message that is sent after the participants were read is not in the export."""
    ann, ben, conversation = chat
    world.send(ann, conversation, "before")
    with world.database.connect() as conn, world.database.connect() as sender:
        sender.execute("begin")
        sender.execute("lock table public.messages in access exclusive mode")
        with waiting(
            conn, lambda: export(conn, "conversation", conversation, tmp_path / "out"), world.operator
        ) as exported:
            sender.execute(
                "insert into messages (organization_id, conversation_id, sender_id, content) "
                "select organization_id, id, %s, 'after' from conversations where id = %s",
                (ben, conversation),
            )
            sender.execute("commit")
            exported.result()
    assert world.fact("select count(*) from messages") == 2
    assert [each["content"] for each in lines(tmp_path / "out", "messages")] == ["before"]


def test_a_role_of_operators_exports(
    world: World, chat: tuple[UUID, UUID, UUID], attached: list[str], tmp_path: Path
) -> None:
    with login_role(world.database) as role:
        operator_roles.change(world.operator, OperatorVerb.grant, role, ACT, dry_run=False, on_wait=print)
        with world.database.connect(role) as conn:
            subjects: list[tuple[SubjectKind, UUID]] = [("conversation", chat[2]), ("user", chat[0])]
            for kind, subject in subjects:
                run.log(conn, kind, NamedThing(subject, "x"), {"format": "csv"}, ACT, on_wait=print)
                for chosen in ExportFormat:
                    export(conn, kind, subject, tmp_path / f"{kind}-{chosen}", chosen)
                    assert differences(tmp_path / f"{kind}-{chosen}") == []
    targets = [row[0] for row in world.operator.execute("select targets from moderation.log order by id")]
    assert targets[1] == [f"conversation:{chat[2]}"]
    assert targets[2][0].startswith("user:")
    assert str(chat[0]) not in targets[2][0]


def test_a_reason_that_names_the_user_is_refused(world: World, chat: tuple[UUID, UUID, UUID]) -> None:
    with pytest.raises(psycopg.Error) as error:
        run.log(
            world.operator,
            "user",
            NamedThing(chat[0], "x"),
            {},
            OperatorAct("ann", "person0 asked"),
            on_wait=print,
        )
    assert error.value.sqlstate == "PT400"


def test_a_user_is_told_the_restrictions_and_only_their_visible_reasons(
    world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path
) -> None:
    world.operator.execute(
        "insert into private.suspensions (user_id, reason, visible_reason) values (%s, 'a secret', 'spam')",
        (chat[0],),
    )
    export(world.operator, "user", chat[0], tmp_path / "out")
    (restriction,) = lines(tmp_path / "out", "restrictions")
    assert (restriction["restriction"], restriction["visible_reason"]) == ("suspended", "spam")
    assert "a secret" not in "".join(path.read_text() for path in (tmp_path / "out").iterdir())


# The manifest ----------------------------------------------------------------------------------------------


@pytest.fixture
def exported(world: World, chat: tuple[UUID, UUID, UUID], tmp_path: Path) -> Iterator[Path]:
    world.send(chat[0], chat[2])
    export(world.operator, "conversation", chat[2], tmp_path / "out")
    yield tmp_path / "out"


def test_every_kind_of_change_is_found(exported: Path) -> None:
    (exported / "messages.ndjson").write_text("{}\n")
    content = bytearray((exported / "participants.ndjson").read_bytes())
    content[5] ^= 1
    (exported / "participants.ndjson").write_bytes(content)
    (exported / "conversation.ndjson").unlink()
    (exported / "extra").mkdir()
    (exported / "extra" / "file").write_text("x")
    (exported / "purged_messages.ndjson").unlink()
    (exported / "purged_messages.ndjson").symlink_to("/dev/null")
    (exported / "link").symlink_to("/etc")
    assert differences(exported) == [
        ("conversation.ndjson", "missing"),
        ("extra/file", "extra"),
        ("link", "extra"),
        ("messages.ndjson", "changed"),
        ("participants.ndjson", "changed"),
        ("purged_messages.ndjson", "changed"),
    ]


def test_a_pipe_in_place_of_a_file_is_not_opened(exported: Path) -> None:
    (exported / "messages.ndjson").unlink()
    os.mkfifo(exported / "messages.ndjson")
    assert manifest.verify(exported, manifest.read(exported)[0]) == [
        ExportDifference("messages.ndjson", "changed", "it is not a regular file")
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"format": "other"}',
        b'{"files": [{"path": "/etc/passwd", "size": 1, "sha256": ""}]}',
    ],
)
def test_what_is_no_manifest_is_invalid(exported: Path, content: bytes) -> None:
    (exported / "manifest.json").write_bytes(content)
    with pytest.raises(Invalid):
        manifest.read(exported)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../out/messages.ndjson", "a/../b", "", ".", "a//b", "./a", "a\0b"]
)
def test_a_manifest_that_names_other_places_is_invalid(exported: Path, path: str) -> None:
    document = json.loads((exported / "manifest.json").read_text())
    document["files"][0]["path"] = path
    (exported / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(Invalid):
        manifest.read(exported)


def test_a_directory_without_a_manifest_is_no_export(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotFound):
            manifest.read(place)
