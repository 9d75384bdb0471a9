"""A transaction pooler keeps no session lock: it is refused by its port and by its behavior."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chatctl.db.connection import connection
from chatctl.db.pooler import refuse_transaction_pooler
from chatctl.errors import Invalid
from chatctl.services.migrations import migrate
from chatctl.waiting import until
from tests.support.proxy import Proxy
from tests.support.world import Database

PGBOUNCER = shutil.which("pgbouncer")


@pytest.fixture(params=["transaction", "session"])
def pooled(
    request: pytest.FixtureRequest, bare_database: Database, tmp_path: Path
) -> Iterator[tuple[str, str]]:
    """The mode of a pooler, and its URL for an empty database."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed; it comes with Debian's package pgbouncer")
    with socket.socket() as free, Proxy(bare_database.server) as proxy:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        door = psycopg.conninfo.conninfo_to_dict(proxy.url("postgres", bare_database.name))
        config = tmp_path / "pgbouncer.ini"
        config.write_text(
            f"[databases]\nbackend = host=127.0.0.1 port={door['port']} user=postgres "
            f"dbname={bare_database.name}\n"
            f"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nauth_type=any\nunix_socket_dir=\n"
            f"pool_mode={request.param}\nignore_startup_parameters=extra_float_digits,options\n"
        )
        command = [PGBOUNCER, "-q", *(["-u", "nobody"] if os.geteuid() == 0 else []), str(config)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: _answers(port), seconds=10)
            yield request.param, f"postgresql://postgres@127.0.0.1:{port}/backend"
        finally:
            process.kill()
            process.wait()


def test_migrate_runs_through_a_pooler_only_in_session_mode(pooled: tuple[str, str]) -> None:
    mode, url = pooled
    with connection(url) as conn:
        if mode == "session":
            assert migrate(conn)
        else:
            with pytest.raises(Invalid, match="is a transaction pooler"):
                migrate(conn)
            assert conn.execute("select to_regclass('public.messages')").fetchone() == (None,)


def test_supabases_transaction_pooler_is_refused_by_its_port_before_anything_is_sent() -> None:
    with pytest.raises(Invalid, match=r"port 6543 of aws-0-eu\.pooler\.example is a transaction") as refusal:
        refuse_transaction_pooler("postgresql://postgres.abc:secret@aws-0-eu.pooler.example:6543/postgres")
    assert "aws-0-eu.pooler.example:5432" in str(refusal.value.hint)
    assert "secret" not in f"{refusal.value} {refusal.value.hint}"
    refuse_transaction_pooler("postgresql://postgres@aws-0-eu.pooler.example:5432/postgres")


def _answers(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0
