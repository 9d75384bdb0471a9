"""``chatctl conversation export``, ``user export`` and ``export verify`` as an operator runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from chatctl.cli.app import run
from tests.support.contract import SECRET_KEY, Project, Stored
from tests.support.contract_server import serving
from tests.support.world import World


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID]:
    """A user, and the group of two that is called ``group``."""
    organization, (ann, ben, cleo) = world.team(3)
    group = world.group(organization, ann, ben, cleo)
    world.send(ann, group, "=1+1\x1b[2J")
    return ann, group


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def entries(world: World) -> list[tuple[str, Any]]:
    return world.operator.execute("select action, details from private.moderation_log order by id").fetchall()


@pytest.mark.parametrize("data_format", ["ndjson", "csv", "html"])
@pytest.mark.parametrize("kind", ["conversation", "user"])
def test_an_export_is_written_logged_and_verified(
    world: World, chat: tuple[UUID, UUID], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    kind: str, data_format: str,
) -> None:  # fmt: skip
    ann, group = chat
    slug = world.fact("select slug from organizations")
    which = [str(ann)] if kind == "user" else ["group", "--org", slug]
    assert group
    out = tmp_path / "out"
    assert run([
        kind, "export", *which, "--out", str(out), "--format", data_format, "--reason", "case 12",
        "-o", "json", "--db-url", world.database.url,
    ]) == 0  # fmt: skip
    written = document(capsys)
    assert written["counts"]["messages"] == 1
    assert entries(world) == [
        ("read", {"command": f"{kind} export", "arguments": {"format": data_format, "with_deleted": False}})
    ]
    assert run(["export", "verify", str(out), "-o", "json"]) == 0
    verified = document(capsys)
    assert verified["differences"] == []
    assert verified["manifest_sha256"] == written["manifest_sha256"]
    assert run(["export", "verify", str(out), "--manifest-sha256", written["manifest_sha256"]]) == 0
    assert run(["export", "verify", str(out), "--manifest-sha256", "0" * 64]) == 7
    (out / "extra").write_text("x")
    capsys.readouterr()
    assert run(["export", "verify", str(out)]) == 7
    assert "extra\textra" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("conversation", "export", "nothing", "--org", "nowhere", "--reason", "x", "--out", "new"), 3),
        (("conversation", "export", str(UUID(int=1)), "--reason", "x", "--out", "new"), 3),
        (("conversation", "export", "group", "--reason", "x", "--out", "new"), 2),
        (("conversation", "export", "GROUP", "--out", "new"), 2),
        (("conversation", "export", "GROUP", "--reason", "x"), 2),
        (("conversation", "export", "GROUP", "--reason", " ", "--out", "new"), 2),
        (("conversation", "export", "GROUP", "--reason", "x", "--out", "existing"), 2),
        (("conversation", "export", "GROUP", "--reason", "x", "--out", "nowhere/new"), 2),
        (("conversation", "export", "GROUP", "--reason", "x", "--out", "new", "--format", "pdf"), 2),
        (("conversation", "export", "GROUP", "--reason", "x", "--out", "new", "-o", "csv"), 2),
        (("user", "export", "person", "--reason", "x", "--out", "new"), 2),
        (("user", "export", "nobody", "--reason", "x", "--out", "new"), 3),
        (("user", "export", "person0", "--reason", "person0 asked", "--out", "new"), 2),
    ],
)
def test_what_is_refused_writes_nothing(
    world: World, chat: tuple[UUID, UUID], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "existing").mkdir()
    given = [str(chat[1]) if argument == "GROUP" else argument for argument in arguments]
    assert run([*given, "--db-url", world.database.url]) == code
    assert capsys.readouterr().out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["existing"]
    assert entries(world) == []


@pytest.mark.parametrize("content", ["", "{}", "[[["])
def test_an_unreadable_manifest_is_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (tmp_path / "manifest.json").write_text(content)
    assert run(["export", "verify", str(tmp_path), "-o", "json"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert json.loads(output.err)["error"]["exit"] == 2


def test_attachments_are_downloaded_from_the_api_of_the_target(
    world: World, chat: tuple[UUID, UUID], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ann, group = chat
    organization = world.fact("select organization_id from conversations where id = %s", group)
    paths = [
        f"{organization}/chat/{group}/{uuid4()}_a #1?%41+ü.pdf",
        f"{organization}/chat/{group}/{uuid4()}_b.pdf",
    ]
    for path in paths:
        world.operator.execute(
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            (path, str(ann)),
        )
    entries = [
        {"id": path.split("/")[-1][:36], "name": "a.pdf", "type": "application/pdf", "size": 8, "url": path}
        for path in paths
    ]
    world.value(ann, "select id from send_message(%s, 'see', %s)", group, Jsonb(entries))
    project = Project(
        buckets={"attachments": {"application/pdf"}},
        objects={paths[0]: Stored(b"%PDF-1.4", "application/pdf", "")},
    )
    with serving(project):
        (tmp_path / "chatctl.yaml").write_text(
            f"targets:\n  here:\n    db_url: {world.database.url}\n    api_url: {project.url}\n"
            f"    secret_key: {SECRET_KEY}\n"
        )
        monkeypatch.chdir(tmp_path)
        assert run([
            "conversation", "export", str(group), "--out", "out", "--reason", "x", "--target", "here",
            "-o", "json",
        ]) == 0  # fmt: skip
    result = document(capsys)
    assert (result["counts"]["attachments"], result["not_included"]) == (1, 1)
    (file,) = (tmp_path / "out" / "attachments").iterdir()
    assert file.read_bytes() == b"%PDF-1.4"
    assert run(["export", "verify", "out"]) == 0
    written = "".join(path.read_text() for path in (tmp_path / "out").glob("*.*"))
    assert SECRET_KEY not in written
