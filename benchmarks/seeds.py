"""Seeding one million messages, compared with psql's COPY of the same rows; memory for ten million."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.case import Case, side_by_side
from chatctl.db.connection import connection
from chatctl.local.postgres import throwaway
from chatctl.local.postgres.binaries import program
from chatctl.local.postgres.server import Server
from chatctl.services.migrations import migrate
from chatctl.services.seed import history
from chatctl.services.seed.history import ChatHistory
from chatctl.services.seed.loading import load
from chatctl.services.seed.outline import Outline, build
from chatctl.services.seed.spec import PERF

TIMES = 3
MEGABYTES = 300


def cases(_: Server) -> Iterator[Case]:
    """Seeding a million messages, and the memory for ten million."""
    outline = build(PERF)
    with throwaway.server(durable=True) as server, tempfile.NamedTemporaryFile() as rows:
        for block in _rows(outline):
            rows.write(block)
        rows.flush()
        with connection(server.url) as conn:
            migrate(conn)
        yield from _million(server, outline, Path(rows.name))
        yield _memory(server)


def _million(server: Server, outline: Outline, rows: Path) -> Iterator[Case]:
    psql = str(program(int(server.version.split(".", maxsplit=1)[0]), "psql"))
    copy = f"\\copy public.messages ({', '.join(history.COLUMNS)}) from '{rows}' (format binary)"

    def by_chatctl() -> None:
        with connection(fresh(server, "seeded")) as conn:
            load(conn, outline)

    def by_psql() -> None:
        url = fresh(server, "copied")
        subprocess.run(
            [psql, "-qX", "-c", "set session_replication_role = replica", "-c", copy, url], check=True
        )

    ours, psqls = side_by_side(by_chatctl, by_psql, times=TIMES, warm_up=0)
    yield Case(
        "psql COPY of the messages of perf / chatctl seed perf", psqls, ours, "ms", psqls / ours, ">=", 0.7
    )
    rate = outline.messages / ours * 1000
    yield Case("messages seeded per second / 200,000", rate, 200_000, "/s", rate / 200_000, ">=", 1)


def _memory(server: Server) -> Case:
    url = fresh(server, "large")
    seeding = subprocess.Popen(
        [sys.executable, "-m", "chatctl", "seed", "perf", "--scale", "10", "-q", "--db-url", url],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(seeding.pid, 0)
    seeding.returncode = os.waitstatus_to_exitcode(status)
    if seeding.returncode:
        raise subprocess.CalledProcessError(seeding.returncode, seeding.args)
    used = usage.ru_maxrss / 1024
    return Case(
        "memory of chatctl seeding 10,100,000 messages / 300 MB",
        used, MEGABYTES, "MB", used / MEGABYTES, "<=", 1,
    )  # fmt: skip


def fresh(server: Server, name: str) -> str:
    """Create a migrated, empty database ``name``; returns its URL."""
    with psycopg.connect(server.admin_url, autocommit=True, dbname="template1") as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        create = sql.SQL("create database {} template postgres owner postgres").format(sql.Identifier(name))
        admin.execute(create)
        admin.execute("checkpoint")
    return server.url_for("postgres", name)


def _rows(outline: Outline) -> Iterator[bytes]:
    yield history.HEADER
    for chat in outline.chats:
        yield from history.messages(outline.source, outline.spec.habits, ChatHistory(chat))
    yield history.TRAILER
