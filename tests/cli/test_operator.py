"""``chatctl operator`` as the owner of a project runs it."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from chatctl.cli.app import run
from tests.support.operator_roles import login_role
from tests.support.world import Database, World


def operator(database: Database, *arguments: str) -> int:
    return run(["operator", *arguments, "--db-url", database.url])


def test_a_role_is_granted_listed_and_revoked(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with login_role(database, "ann o'brien ") as role:
        assert operator(database, "grant", role, "--reason", "on call", "-y") == 0
        assert capsys.readouterr().out == "operator.grant: 1 done, action 1\n"
        assert operator(database, "list", "-o", "json") == 0
        assert json.loads(capsys.readouterr().out) == [
            {"name": role, "can_log_in": True, "missing": [], "surplus": []}
        ]
        assert run(["hold", "list", "-q", "--db-url", database.server.url_for(role, database.name)]) == 0
        capsys.readouterr()
        assert operator(database, "grant", role, "--reason", "on call", "-y", "-o", "json") == 0
        assert json.loads(capsys.readouterr().out)["noop"] == 1
        assert operator(database, "revoke", role, "--reason", "left", "-y") == 0
        assert run(["hold", "list", "-q", "--db-url", database.server.url_for(role, database.name)]) == 4
        capsys.readouterr()
        assert operator(database, "list", "-o", "json") == 0
        output = capsys.readouterr()
        assert json.loads(output.out) == []
        assert "no role can act as an operator" in output.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("grant", "anon", "--reason", "x", "-y"), 4),
        (("grant", "authenticator", "--reason", "x", "-y"), 4),
        (("grant", "postgres", "--reason", "x", "-y"), 4),
        (("grant", "nobody", "--reason", "x", "-y"), 3),
        (("revoke", "nobody", "--reason", "x", "-y"), 3),
        (("grant", "", "--reason", "x", "-y"), 2),
        (("grant", "nobody", "--reason", " ", "-y"), 2),
        (("grant", "nobody"), 2),
        (("list", "someone"), 2),
    ],
)
def test_what_is_refused(
    database: Database, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int
) -> None:
    assert operator(database, *arguments) == code
    assert capsys.readouterr().out == ""


def test_the_audit_of_the_access_rules_stays_clean(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with login_role(database) as role:
        assert operator(database, "grant", role, "--reason", "on call", "-y") == 0
        assert run(["audit-rls", "--only", "public.organizations", "--db-url", database.url]) == 0


def test_a_granted_role_can_run_every_command_of_operators(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    organization, (ann, ben, cleo, dora) = world.team(4)
    slug = world.fact("select slug from organizations")
    email = str(world.fact("select email from user_profiles where id = %s", cleo))
    group = str(world.group(organization, ann, ben, cleo))
    messages = [str(world.send(ben, UUID(group), f"number {number}")) for number in range(4)]
    plan = str(tmp_path / "plan.json")
    acts: list[tuple[str, ...]] = [
        ("conversation", "show", group),
        ("message", "show", messages[0]),
        ("message", "search", "number", "--org", slug),
        ("message", "delete", messages[0]),
        ("message", "restore", messages[0]),
        ("undo", "LAST"),
        ("message", "redact", messages[1], "--confirm", slug),
        ("message", "purge", messages[2], "--confirm", slug),
        ("message", "delete", "--text", "number", "--org", slug, "--plan", plan),
        ("apply", plan),
        ("user", "suspend", str(ben)),
        ("user", "unsuspend", str(ben)),
        ("user", "mute", str(ben), "--org", slug),
        ("conversation", "lock", group, "--visible-reason", "closed"),
        ("conversation", "unlock", group),
        ("conversation", "repair", group),
        ("participant", "add", group, str(dora)),
        ("participant", "remove", group, str(dora)),
        ("conversation", "export", group, "--out", str(tmp_path / "group")),
        ("user", "export", str(ben), "--out", str(tmp_path / "ben")),
        ("user", "unmute", str(ben), "--org", slug),
        ("user", "erase", str(cleo), "--messages", "delete", "--confirm", email),
        ("hold", "create", "legal-7", "--org", slug),
        ("hold", "release", "legal-7", "--confirm", "legal-7"),
        ("hold", "create", "legal-8", "--org", slug),
    ]
    looks: list[tuple[str, ...]] = [
        ("org", "list"),
        ("org", "show", slug),
        ("user", "list"),
        ("user", "show", str(ann)),
        ("conversation", "list", "--org", slug),
        ("participant", "list", group),
        ("message", "index", "status"),
        ("job", "list"),
        ("stats",),
        ("hold", "list"),
        ("hold", "show", "legal-8"),
        ("log", "list"),
        ("log", "show", "1"),
        ("log", "export", str(tmp_path / "log.ndjson")),
        ("log", "verify"),
        ("operator", "list"),
    ]
    with login_role(world.database) as role:
        assert operator(world.database, "grant", role, "--reason", "on call", "-y") == 0
        url = world.database.server.url_for(role, world.database.name)
        for command in [*((*act, "--reason", "case 12", "-y") for act in acts), *looks]:
            last = str(world.fact("select max(id) from private.moderation_log"))
            code = run([*(last if word == "LAST" else word for word in command), "--db-url", url])
            assert code == 0, (command, capsys.readouterr().err)
