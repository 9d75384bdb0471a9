"""The embedded server of a directory: created, found again, stopped, restarted."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chatctl.errors import Conflict, Invalid
from chatctl.local.postgres import server
from chatctl.local.postgres.server import Server
from tests.support.places import PLACE

START = "import sys; from pathlib import Path; from chatctl.local.postgres import server; "
START += "print(server.ensure_running(Path(sys.argv[1]), durable=False).pid)"


def running(directory: Path, *, version: int | None = None) -> Server:
    # The fsync of initdb takes most of the time, and these tests are not about power failures.
    return server.ensure_running(directory, version=version, durable=False)


@pytest.fixture
def directory() -> Iterator[Path]:
    # Short: the path of a unix socket has at most 107 bytes.
    place = Path(tempfile.mkdtemp(prefix="cc", dir=PLACE))
    yield place / ".chatctl"
    if (place / ".chatctl").is_dir():
        server.stop(place / ".chatctl")
    shutil.rmtree(place)


def value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(statement.encode())


@pytest.mark.parametrize(("major", "checksums"), [(18, "on"), (16, "off")])
def test_a_new_server_is_set_up_for_the_backend(directory: Path, major: int, checksums: str) -> None:
    instance = server.ensure_running(directory, version=major)
    assert instance.version.startswith(f"{major}.")
    settings = {
        "server_version": instance.version,
        "wal_level": "logical",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "fsync": "on",
        "default_text_search_config": "pg_catalog.english",
        "data_checksums": checksums,
    }
    assert {name: value(instance.admin_url, f"show {name}") for name in settings} == settings
    assert value(instance.admin_url, "select lower('Ä')") == "ä"


def test_the_owner_is_not_a_superuser_and_the_admin_is(directory: Path) -> None:
    instance = running(directory)
    who = "select current_user || ' ' || current_setting('is_superuser')"
    assert value(instance.url, who) == "postgres off"
    assert value(instance.admin_url, who) == "supabase_admin on"
    assert value(instance.url_for("authenticator", "postgres"), who) == "authenticator off"


def test_a_running_server_is_found_again(directory: Path) -> None:
    first = running(directory)
    assert running(directory) == first == server.status(directory)


def test_the_data_survives_a_stop(directory: Path) -> None:
    instance = running(directory)
    execute(instance.url, "create table kept as select 42 as answer")
    assert server.stop(directory)
    assert server.status(directory) is None
    again = running(directory)
    assert again.pid != instance.pid
    assert value(again.url, "select answer from kept") == 42


def test_a_stop_ends_open_sessions(directory: Path) -> None:
    instance = running(directory)
    with psycopg.connect(instance.url) as conn:
        conn.execute("create table never (id int)")
        assert server.stop(directory)
        with pytest.raises(psycopg.OperationalError):
            conn.execute("select 1")


def test_a_stop_without_a_server_creates_nothing(directory: Path) -> None:
    assert not server.stop(directory)
    assert not directory.exists()


def test_reset_deletes_the_data_and_keeps_the_version(directory: Path) -> None:
    instance = running(directory, version=16)
    execute(instance.url, "create table gone (id int)")
    again = server.reset(directory)
    assert again.version == instance.version
    assert value(again.url, "select to_regclass('public.gone')") is None


def test_another_major_version_is_a_conflict_until_reset(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(directory, version=16)
    with pytest.raises(Conflict, match=r"PostgreSQL 16, not 18; .*CHATCTL_PG_VERSION=16.*local reset"):
        running(directory, version=18)
    monkeypatch.setenv("CHATCTL_PG_VERSION", "18")
    with pytest.raises(Conflict):
        running(directory)
    assert server.reset(directory).version.startswith("18.")


def test_an_unavailable_version_is_invalid(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="chatctl does not include PostgreSQL 17; choose 16 or 18"):
        running(directory, version=17)
    monkeypatch.setenv("CHATCTL_PG_VERSION", "new")
    with pytest.raises(Invalid, match="CHATCTL_PG_VERSION must be 16 or 18, not 'new'"):
        running(directory)
    assert not directory.exists()


def test_two_concurrent_starts_give_one_server(directory: Path) -> None:
    starters = [
        subprocess.Popen([sys.executable, "-c", START, directory], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    pids = {starter.communicate()[0].strip() for starter in starters}
    instance = server.status(directory)
    assert instance is not None
    assert pids == {str(instance.pid)}


def test_the_server_does_not_belong_to_a_terminal(directory: Path) -> None:
    starter = subprocess.Popen([sys.executable, "-c", START, directory], start_new_session=True)
    assert starter.wait() == 0
    # Ctrl-C would reach this process group: it is empty, and the server runs.
    with pytest.raises(ProcessLookupError):
        os.killpg(starter.pid, 0)
    instance = server.status(directory)
    assert instance is not None
    assert os.getsid(instance.pid) == instance.pid


def test_other_users_cannot_connect_to_the_socket(directory: Path) -> None:
    instance = running(directory)
    assert stat.S_IMODE(directory.stat().st_mode) in (0o700, 0o710)
    assert stat.S_IMODE(instance.socket_directory.stat().st_mode) == 0o700


def test_environment_variables_do_not_change_the_server(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"PGPORT": "5999", "PGDATA": "/nowhere", "LC_ALL": "xx_YY", "TZ": "Asia/Tokyo"}.items():
        monkeypatch.setenv(name, text)
    instance = running(directory)
    assert (
        value(instance.admin_url, "select current_setting('port') || current_setting('TimeZone')")
        == "5432UTC"
    )


def test_the_path_may_contain_unusual_characters(directory: Path) -> None:
    odd = directory.parent / "a b'\"%41äö#?&=$HOME;\\"
    odd.mkdir()
    instance = running(odd / ".chatctl")
    try:
        assert value(instance.url, "select 1") == 1
    finally:
        server.stop(odd / ".chatctl")


def test_a_moved_directory_keeps_working(directory: Path) -> None:
    # Durable: PostgreSQL uses the old path of pg_control, so that a stop after the move is a crash.
    instance = server.ensure_running(directory)
    execute(instance.url, "create table moved (id int)")
    moved = directory.with_name("other")
    directory.rename(moved)
    try:
        assert value(running(moved).url, "select to_regclass('moved')::text") == "moved"
        assert server.stop(moved)
        assert value(running(moved).url, "select to_regclass('moved')::text") == "moved"
    finally:
        server.stop(moved)


def test_the_platform_is_reapplied_when_its_text_changed(directory: Path) -> None:
    instance = running(directory)
    execute(instance.admin_url, "drop function auth.email()")
    assert running(directory) == instance
    assert value(instance.admin_url, "select to_regproc('auth.email')") is None
    note = directory / "server.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "platform": "an older text"}))
    assert running(directory) == instance
    assert value(instance.admin_url, "select to_regproc('auth.email')::text") == "auth.email"


def test_the_url_names_role_database_and_socket() -> None:
    instance = Server(Path("/srv/my app/.chatctl"), "18.4", 1)
    assert instance.url_for("a b", "c/d") == (
        "postgresql://a%20b@/c%2Fd?host=/srv/my%20app/.chatctl/data&port=5432"
    )
