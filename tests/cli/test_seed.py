"""``chatctl seed`` as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Result
from tests.world import Database, World

Chatctl = Callable[..., Result]


def test_seed_is_seed_demo_and_adds_nothing_twice(chatctl: Chatctl, database: Database) -> None:
    first = chatctl("seed", "--db-url", database.url, "-o", "json")
    second = chatctl("seed", "demo", "--db-url", database.url, "-o", "json")

    assert first.exit_code == second.exit_code == 0, first.stderr
    assert (first.document["state"], second.document["state"]) == ("created", "unchanged")
    assert first.document["fingerprint"] == second.document["fingerprint"]
    assert first.document["rows"]["messages"] == 2000
    assert "  messages  2000 rows" in first.stderr


def test_it_says_whom_to_sign_in_as(chatctl: Chatctl, database: Database) -> None:
    shown = chatctl("seed", "--dry-run", "--db-url", database.url)

    assert "chatctl-demo" in shown.stdout
    assert "@lighthouse.example  owner of Lighthouse Studio" in shown.stdout
    assert "rolled back" in shown.stdout


def test_options_count_before_the_command_too(chatctl: Chatctl, database: Database) -> None:
    before = chatctl("seed", "--seed", "7", "--dry-run", "demo", "--db-url", database.url, "-o", "json")
    after = chatctl("seed", "demo", "--seed", "7", "--dry-run", "--db-url", database.url, "-o", "json")

    assert before.document["seed"] == after.document["seed"] == 7
    assert before.document["dry_run"] is after.document["dry_run"] is True
    assert before.document["fingerprint"] == after.document["fingerprint"]


def test_other_peoples_data_needs_yes(chatctl: Chatctl, world: World) -> None:
    world.team(3)

    refused = chatctl("seed", "--db-url", world.database.url)
    allowed = chatctl("seed", "--db-url", world.database.url, "--yes")

    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert allowed.exit_code == 0


def test_production_is_refused_even_with_yes(chatctl: Chatctl, database: Database, tmp_path: Path) -> None:
    (tmp_path / "chatctl.yaml").write_text(
        f"targets:\n  live:\n    db_url: {database.url}\n    environment: production\n"
    )

    for more in ((), ("--yes",), ("--dry-run",)):
        refused = chatctl("seed", "--target", "live", *more)
        assert refused.exit_code == 4
        assert "production is never seeded" in refused.stderr


def test_a_target_that_is_not_local_needs_yes(chatctl: Chatctl, database: Database, tmp_path: Path) -> None:
    (tmp_path / "chatctl.yaml").write_text(
        f"targets:\n  stage:\n    db_url: {database.url}\n    environment: staging\n"
    )

    refused = chatctl("seed", "--target", "stage")

    assert refused.exit_code == 2
    assert "--yes" in refused.stderr


def test_a_wrong_seed_is_a_usage_error(chatctl: Chatctl) -> None:
    for wrong in ("-1", "x", str(2**31)):
        assert chatctl("seed", f"--seed={wrong}").exit_code == 2
