"""A terminal that is closed during an export ends it as Ctrl-C does, unless nohup ignores that."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from chatctl.waiting import until
from tests.support.forks import variables
from tests.support.migrating import holding
from tests.support.seed_runs import waits_for_a_lock
from tests.support.world import World

LOCK = "lock table private.purged_messages in access exclusive mode"
PATIENCE = 60  # seconds


@pytest.fixture
def conversation(world: World) -> UUID:
    """A conversation with a message."""
    organization, (ann, ben) = world.team(2)
    direct = world.direct(organization, ann, ben)
    world.send(ann, direct)
    return direct


@contextmanager
def exporting(world: World, conversation: UUID, cwd: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """An export that has written messages, and waits for a lock of ``purged_messages``."""
    process = subprocess.Popen(
        [
            *before, sys.executable, "-m", "chatctl", "conversation", "export", str(conversation),
            "--out", "out", "--reason", "case 12", "--db-url", world.database.url,
        ],
        cwd=cwd, env=variables(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert until(lambda: waits_for_a_lock(world.operator), seconds=PATIENCE)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_hangup_removes_what_an_export_has_written(
    world: World, conversation: UUID, tmp_path: Path
) -> None:
    with holding(world.database, LOCK), exporting(world, conversation, tmp_path) as process:
        assert [path.name[:5] for path in tmp_path.iterdir()] == [".out."]
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGHUP)
        assert process.wait(PATIENCE) == 130
        assert process.stderr
        assert process.stderr.read().endswith("error: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_nohup_continues_after_a_hangup(world: World, conversation: UUID, tmp_path: Path) -> None:
    with holding(world.database, LOCK) as conn, exporting(world, conversation, tmp_path, "nohup") as process:
        process.send_signal(signal.SIGHUP)
        conn.execute("rollback")
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "out" / "manifest.json").exists()
