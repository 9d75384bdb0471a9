"""``chatctl seed`` as users type it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result
from tests.support.world import Database, World

Chatctl = Callable[..., Result]


WORLD = """
organizations:
  - name: Acme
    slug: acme
    users: 9
    named: [{email: ann@acme.example, name: Ann Acme, role: owner}]
    messages: 300
    conversations:
      - {name: General, size: 9}
      - {direct: true, count: 4}
"""


def test_seed_means_seed_demo_and_a_second_run_adds_nothing(chatctl: Chatctl, database: Database) -> None:
    first = chatctl("seed", "--db-url", database.url, "-o", "json")
    second = chatctl("seed", "demo", "--db-url", database.url, "-o", "json")

    assert first.exit_code == second.exit_code == 0, first.stderr
    assert (first.document["state"], second.document["state"]) == ("created", "unchanged")
    assert first.document["fingerprint"] == second.document["fingerprint"]
    assert first.document["rows"] == second.document["rows"]
    assert first.document["rows"]["messages"] == 2000
    assert (
        "loading with triggers disabled for the session (replica); foreign keys are checked afterwards\n"
        in first.stderr
    )


def test_seed_prints_the_users_to_sign_in_as_and_the_fingerprint(
    chatctl: Chatctl, database: Database
) -> None:
    shown = chatctl("seed", "--db-url", database.url)

    assert "chatctl-demo" in shown.stdout
    assert "@lighthouse.example  owner of Lighthouse Studio" in shown.stdout
    assert re.search(r"^fingerprint [0-9a-f]{16}$", shown.stdout, re.MULTILINE)


def test_dry_run_prints_the_amounts_and_changes_nothing(chatctl: Chatctl, database: Database) -> None:
    planned = chatctl("seed", "perf", "--dry-run", "--db-url", database.url)
    counted = chatctl("seed", "perf", "--scale", "10", "--dry-run", "--db-url", database.url, "-o", "json")

    assert planned.exit_code == counted.exit_code == 0, planned.stderr
    assert "messages: 1,010,000" in planned.stdout
    assert re.search(r"about 2\d\d\.\d MB on disk", planned.stdout)
    assert counted.document["rows"]["messages"] == 10_100_000
    assert counted.document["fingerprint"] is None
    assert chatctl("seed", "verify", "--db-url", database.url).stdout == "no world is seeded here\n"


def test_options_are_accepted_before_the_command_too(chatctl: Chatctl, database: Database) -> None:
    at = ("--db-url", database.url, "-o", "json")
    before = chatctl("seed", "--seed", "7", "--scale", "0.5", "--dry-run", "demo", *at)
    after = chatctl("seed", "demo", "--seed", "7", "--scale", "0.5", "--dry-run", *at)

    assert before.exit_code == 0, before.stderr
    assert before.document == after.document
    assert (before.document["seed"], before.document["state"]) == (7, "planned")
    assert before.document["rows"]["messages"] == 1000


def test_a_world_of_the_user_is_seeded(chatctl: Chatctl, database: Database, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(WORLD)

    seeded = chatctl("seed", "from", "acme.yaml", "--db-url", database.url, "-o", "json")
    verified = chatctl("seed", "verify", "acme", "--db-url", database.url)

    assert seeded.exit_code == 0, seeded.stderr
    assert seeded.document["world"] == "acme"
    assert seeded.document["rows"]["messages"] == 300
    assert seeded.document["logins"][0]["email"] == "ann@acme.example"
    assert verified.exit_code == 0
    assert "acme with seed 1 is unchanged" in verified.stdout


def test_a_wrong_key_is_named_with_file_and_line(chatctl: Chatctl, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(WORLD.replace("users: 9", "user: 9"))

    refused = chatctl("seed", "from", "acme.yaml")

    assert refused.exit_code == 2
    assert "acme.yaml:5" in refused.stderr
    assert "did you mean users?" in refused.stderr
    assert not (tmp_path / ".chatctl").exists()


def test_schema_prints_a_json_schema(chatctl: Chatctl) -> None:
    schema = chatctl("seed", "schema")

    assert schema.exit_code == 0
    assert schema.document["type"] == "object"
    assert "organizations" in schema.document["required"]


def test_verify_exits_with_7_and_names_the_differences(chatctl: Chatctl, database: Database) -> None:
    chatctl("seed", "--db-url", database.url)
    clean = chatctl("seed", "verify", "--db-url", database.url, "-o", "json")
    with database.connect() as conn:
        conn.execute(
            "delete from private.read_states where ctid in (select ctid from private.read_states limit 1)"
        )
    broken = chatctl("seed", "verify", "--db-url", database.url, "-o", "json")
    shown = chatctl("seed", "verify", "--db-url", database.url)

    assert (clean.exit_code, clean.document["worlds"][0]["differences"]) == (0, [])
    assert broken.exit_code == shown.exit_code == 7
    differences = {it["check"]: it["detail"] for it in broken.document["worlds"][0]["differences"]}
    assert differences["read_states"] == "has no read state"
    assert differences["fingerprint"] == "211 rows were seeded, 210 exist"
    assert "no read state" in shown.stdout


def test_clean_deletes_what_was_seeded(chatctl: Chatctl, database: Database) -> None:
    chatctl("seed", "--db-url", database.url)
    tried = chatctl("seed", "clean", "--dry-run", "--db-url", database.url)
    cleaned = chatctl("seed", "clean", "--db-url", database.url, "-o", "json")
    again = chatctl("seed", "clean", "--db-url", database.url)

    assert "rolled back" in tried.stdout
    assert cleaned.document["worlds"][0]["removed"]["messages"] == 2000
    assert cleaned.document["worlds"][0]["kept"] == []
    assert (again.exit_code, again.stdout) == (0, "no world is seeded here\n")


def test_a_cleaned_world_fails_verification(chatctl: Chatctl, database: Database) -> None:
    to = ("--db-url", database.url)
    chatctl("seed", *to)
    with database.connect() as conn:
        conn.execute(
            "update user_profiles set full_name = 'new' where email = 'ipek.aydin@palm-house.example'"
        )
    chatctl("seed", "clean", *to)
    partly = chatctl("seed", "verify", *to, "-o", "json")
    named = chatctl("seed", "verify", "demo", *to)
    as_csv = chatctl("seed", "verify", *to, "-o", "csv")
    again = chatctl("seed", "clean", *to)
    still = chatctl("seed", "verify", *to)

    (world,) = partly.document["worlds"]
    assert (partly.exit_code, world["differences"]) == (7, [])
    assert world["cleaned"]["detail"].endswith(
        "except rows still in use (auth.users: 1, auth.identities: 1, user_profiles: 1)"
    )
    assert named.exit_code == as_csv.exit_code == again.exit_code + 7 == still.exit_code == 7
    for text in (named.stdout, as_csv.stdout, still.stdout):
        assert "world demo" in text
        assert "was removed by `chatctl seed clean`" in text
        assert "is unchanged" not in text

    with database.connect() as conn:
        conn.execute("delete from auth.users")
    forgotten = chatctl("seed", "verify", *to)
    cleaned = chatctl("seed", "clean", *to)
    nothing = chatctl("seed", "verify", *to)
    assert forgotten.exit_code == 7
    assert "the next `chatctl seed clean` drops its record" in forgotten.stdout
    assert (cleaned.exit_code, nothing.exit_code, nothing.stdout) == (0, 0, "no world is seeded here\n")
    assert chatctl("seed", "verify", "demo", *to).exit_code == 3
    chatctl("seed", *to)
    assert "demo with seed 1 is unchanged" in chatctl("seed", "verify", "demo", *to).stdout


def test_a_world_that_was_never_seeded_is_not_found(chatctl: Chatctl, database: Database) -> None:
    for verb in ("verify", "clean"):
        assert chatctl("seed", verb, "perf", "--db-url", database.url).exit_code == 3
        assert chatctl("seed", verb, "--seed", "9", "--db-url", database.url).exit_code == 3


@pytest.mark.slow
def test_after_perf_the_audit_is_clean_and_the_load_test_runs(chatctl: Chatctl, database: Database) -> None:
    seeded = chatctl("seed", "perf", "--scale", "0.02", "--db-url", database.url, "-o", "json")
    audited = chatctl("audit-rls", "--db-url", database.url, "-o", "json")
    loaded = chatctl("loadtest", "--users", "5", "--rate", "80", "--duration", "3s", "--db-url", database.url)

    assert seeded.document["rows"]["messages"] == 20_200
    assert audited.exit_code == 0, audited.stderr
    assert audited.document["findings"] == []
    assert loaded.exit_code in (0, 7), loaded.stderr  # a verdict, whatever this machine achieves


def test_data_of_others_needs_yes(chatctl: Chatctl, world: World) -> None:
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

    for more in ((), ("--yes",), ("--dry-run",), ("perf",)):
        refused = chatctl("seed", *more, "--target", "live")
        assert refused.exit_code == 4
        assert "a production database is never seeded" in refused.stderr
    assert (
        "a production database is never cleaned"
        in chatctl("seed", "clean", "--yes", "--target", "live").stderr
    )


def test_a_target_that_is_not_local_needs_yes(chatctl: Chatctl, database: Database, tmp_path: Path) -> None:
    (tmp_path / "chatctl.yaml").write_text(
        f"targets:\n  stage:\n    db_url: {database.url}\n    environment: staging\n"
    )

    refused = chatctl("seed", "--target", "stage")

    assert refused.exit_code == 2
    assert "--yes" in refused.stderr


def test_a_wrong_seed_or_scale_is_a_usage_error(chatctl: Chatctl, tmp_path: Path) -> None:
    for wrong in ("-1", "x", str(2**31)):
        assert chatctl("seed", f"--seed={wrong}").exit_code == 2
    for wrong in ("0", "-1", "nan", "1e9"):
        assert chatctl("seed", f"--scale={wrong}").exit_code == 2
    assert not (tmp_path / ".chatctl").exists()


def test_users_through_a_missing_api_are_refused_before_a_server_is_created(
    chatctl: Chatctl, tmp_path: Path
) -> None:
    answer = chatctl("seed", "--users", "api")

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr == "error: --users api requires a target with api_url and secret_key\n"
    assert not any(tmp_path.iterdir())


def test_a_transaction_pooler_is_refused(chatctl: Chatctl) -> None:
    refused = chatctl("seed", "--db-url", "postgresql://postgres@127.0.0.1:6543/postgres")

    assert refused.exit_code == 2
    assert "6543" in refused.stderr


def test_a_conflict_names_the_world_that_an_organization_belongs_to(
    chatctl: Chatctl, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "acme.yaml").write_text(WORLD)
    (tmp_path / "other.yaml").write_text(WORLD.replace("ann@", "bea@"))
    assert chatctl("seed", "from", "acme.yaml", "--db-url", database.url).exit_code == 0

    conflict = chatctl("seed", "from", "other.yaml", "--db-url", database.url)
    assert conflict.exit_code == 5
    assert "already exists: organization acme (of acme with seed 1)" in conflict.stderr
    assert "`chatctl seed clean`" in conflict.stderr


def test_the_example_world_and_the_demo_fit_into_one_database(chatctl: Chatctl, database: Database) -> None:
    example = Path(__file__).parents[2] / "examples" / "world.yaml"
    for command in (["demo"], ["from", str(example)]):
        seeded = chatctl("seed", *command, "--db-url", database.url)
        assert seeded.exit_code == 0, seeded.stderr
