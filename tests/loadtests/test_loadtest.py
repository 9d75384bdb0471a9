"""``chatctl loadtest`` against a database with people in conversations."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from chatctl import waiting
from tests.support.world import Database, World

SERIES = "conversation list"
LENIENT = {"samples": 50, "p95_ms": 60_000}


@pytest.fixture
def people(world: World) -> World:
    """Three people in one group."""
    organization, (ann, bob, cem) = world.team(3)
    world.send(ann, world.group(organization, ann, bob, cem))
    return world


def targets(directory: Path, series: dict[str, Any] | None = None, **generator: float) -> str:
    """A targets file that any machine meets, except for the given values."""
    path = directory / "targets.yaml"
    scenario = {"on_time": 0, "lag_p99_ms": 60_000, **generator, "series": series or {SERIES: LENIENT}}
    path.write_text(yaml.safe_dump({"conversation_list": scenario}), encoding="utf-8")
    return str(path)


def command(url: str, *arguments: str) -> list[str]:
    load = ("--users", "3", "--rate", "100", "--duration", "1s")
    return [sys.executable, "-m", "chatctl", "loadtest", "--db-url", url, *load, *arguments]


def loadtest(database: Database, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(database.url, *arguments),
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def measured(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(answer.stdout)["scenarios"][0]["measured"]
    return result


def test_every_planned_request_is_measured_and_the_targets_are_reached(people: World, tmp_path: Path) -> None:
    answer = loadtest(
        people.database, "--targets", targets(tmp_path), "--report", str(tmp_path), "-o", "json"
    )
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert document["verdict"] == "passed"
    assert document == json.loads((tmp_path / "loadtest.json").read_text())
    assert (tmp_path / "conversation-list.html").exists()
    result = measured(answer)
    assert (result["planned"], result["sent"], result["unanswered"]) == (100, 100, 0)
    [series] = result["series"]
    assert (series["name"], series["response"]["n"], series["errors"]) == (SERIES, 100, {})
    assert "connected as authenticator" in answer.stderr


def test_a_missed_target_is_exit_7(people: World, tmp_path: Path) -> None:
    series = {SERIES: {"samples": 50, "p95_ms": 0.001}}
    answer = loadtest(people.database, "--targets", targets(tmp_path, series))
    assert answer.returncode == 7
    assert "conversation list: p95" in answer.stderr
    assert answer.stdout.splitlines()[1].endswith("missed")


def test_too_few_samples_are_exit_9(people: World, tmp_path: Path) -> None:
    answer = loadtest(people.database, "--targets", targets(tmp_path, {SERIES: {"samples": 101}}))
    assert answer.returncode == 9
    assert "100 samples, at least 101 are needed" in answer.stderr


def test_a_series_that_was_not_measured_is_exit_9(people: World, tmp_path: Path) -> None:
    series = {SERIES: LENIENT, "page": {"samples": 1}}
    answer = loadtest(people.database, "--targets", targets(tmp_path, series))
    assert answer.returncode == 9
    assert "page: no such series was measured" in answer.stderr


def test_no_target_is_judged_if_the_generator_itself_is_late(people: World, tmp_path: Path) -> None:
    answer = loadtest(people.database, "--targets", targets(tmp_path, lag_p99_ms=0))
    assert answer.returncode == 9
    assert "the generator was" in answer.stderr


def test_errors_are_counted_by_sqlstate(people: World, tmp_path: Path) -> None:
    # Fail from the second call of a session on: the first one warms up the connection.
    people.operator.execute(
        """
        create or replace function private.require_caller(p_user_id uuid) returns void language plpgsql as $$
        begin
          if current_setting('app.warm', true) = 'yes' then
            raise 'no' using errcode = 'PT403';
          end if;
          perform set_config('app.warm', 'yes', false);
        end $$
        """
    )
    answer = loadtest(people.database, "--targets", targets(tmp_path))
    assert answer.returncode == 7
    assert "100.0% errors (100 x PT403)" in answer.stderr


def test_users_that_cannot_start_are_exit_9(people: World) -> None:
    people.operator.execute("alter function get_conversations_with_details(uuid) rename to away")
    answer = loadtest(people.database)
    assert answer.returncode == 9
    assert "a user could not start: 42883" in answer.stderr


def test_a_stall_counts_from_the_scheduled_time_of_requests(people: World, tmp_path: Path) -> None:
    query_starts: set[object] = set()

    def running() -> bool:
        """Whether all users have sent the first request, which does not count."""
        starts = (
            "select array_agg(query_start) from pg_stat_activity where application_name = 'chatctl loadtest'"
        )
        query_starts.update(people.fact(starts) or ())
        return len(query_starts) > 20

    def stall() -> None:
        assert waiting.until(running, seconds=30)
        with people.database.connect() as conn, conn.transaction():
            conn.execute("lock table conversation_participants")
            conn.execute("select pg_sleep(1)")

    thread = threading.Thread(target=stall)
    thread.start()
    arguments = ("--duration", "3s", "--targets", targets(tmp_path), "-o", "json")
    answer = loadtest(people.database, *arguments)
    thread.join()
    assert answer.returncode == 0, answer.stderr
    [series] = measured(answer)["series"]
    assert series["response"]["p95_ms"] > 300
    assert series["service"]["p95_ms"] < 300
    assert measured(answer)["on_time"] < 300


def test_without_participants_there_is_nothing_to_judge(database: Database) -> None:
    answer = loadtest(database)
    assert answer.returncode == 9
    assert "chatctl seed" in answer.stderr


def test_production_is_refused_and_other_remote_targets_need_yes(database: Database, tmp_path: Path) -> None:
    for environment, code in (("production", 4), ("staging", 2)):
        entry = {"db_url": database.url, "environment": environment}
        (tmp_path / "chatctl.yaml").write_text(yaml.safe_dump({"targets": {"it": entry}}))
        answer = subprocess.run(
            [sys.executable, "-m", "chatctl", "loadtest", "--target", "it"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == code, answer.stderr


def test_if_the_authenticator_may_not_sign_in_the_given_role_switches_to_the_users_role(
    people: World, tmp_path: Path
) -> None:
    people.operator.execute(f"revoke connect on database {people.database.name} from public".encode())
    answer = loadtest(people.database, "--targets", targets(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert "connected as postgres" in answer.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_locust_ends_with_chatctl_however_that_ends(people: World, number: signal.Signals) -> None:
    chatctl = psutil.Popen(
        command(people.database.url, "--duration", "60s"),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    sessions = "select count(*) from pg_stat_activity where application_name = 'chatctl loadtest'"
    assert waiting.until(lambda: people.fact(sessions) == 3, seconds=30)
    [locust] = chatctl.children()
    chatctl.send_signal(number)
    assert chatctl.wait(10) == (-number if number == signal.SIGKILL else 130)
    assert waiting.until(lambda: not locust.is_running() or locust.status() == "zombie", seconds=10)
    assert waiting.until(lambda: people.fact(sessions) == 0, seconds=10)


def test_psycopg_must_not_be_imported_before_locust() -> None:
    loadtests = Path(__file__).parents[2] / "loadtests"
    plan = {"url": "", "people": [""], "users": 1, "rate": 1, "duration": 1, "seed": 1}
    imports = {"psycopg, locust": 1, "locust, psycopg": 0}
    for order, code in imports.items():
        answer = subprocess.run(
            [sys.executable, "-c", f"import {order}, clients.sql"],
            env={**os.environ, "PYTHONPATH": str(loadtests), "CHATCTL_LOADTEST": json.dumps(plan)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == code, answer.stderr
        assert ("blocks every user" in answer.stderr) == bool(code)


def test_without_locust_the_package_to_install_is_named() -> None:
    program = (
        "import sys; sys.modules['locust'] = None; "
        "from chatctl.cli.app import run; sys.exit(run(['loadtest']))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == "error: the load generator is not installed; pip install 'chatctl[load]'\n"
