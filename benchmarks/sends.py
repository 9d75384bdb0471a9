"""Sending as an API role with all triggers, compared with a plain insert; pgbench with 16 clients."""

from __future__ import annotations

import re
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from benchmarks.case import Case
from benchmarks.data import HERE
from chatctl.local.postgres.binaries import program
from chatctl.local.postgres.server import Server

CLIENTS = 16
# Each client has 300 senders, who may each send 10 messages a minute; a round of 1,500 uses half of that.
# Every round begins with full rate-limit windows that are an hour old, like those of earlier senders.
ROUNDS = 5


@dataclass(frozen=True)
class Place:
    """The conversations that receive messages, and the number of transactions of a client in a round."""

    first: int
    conversations: int
    transactions: int


MANY = Place(first=0, conversations=100, transactions=1_500)
# All in one conversation: they run one after the other, each waiting for the disk.
HOT = Place(first=200, conversations=1, transactions=300)


def cases(server: Server) -> Iterator[Case]:
    """Sends to many conversations, and to a single one."""
    rate, baseline = _measured(server, MANY)
    name = "send with every trigger / bare insert, 16 clients, "
    yield Case(name + "100 conversations", rate, baseline, "per s", rate / baseline, ">=", 0.5)
    yield Case("send with every trigger / 1,000 per second", rate, 1_000, "per s", rate / 1_000, ">=", 1.0)
    rate, baseline = _measured(server, HOT)
    yield Case(name + "one conversation", rate, baseline, "per s", rate / baseline)


def _measured(server: Server, place: Place) -> tuple[float, float]:
    """The median sends and plain inserts per second, measured in turns."""
    sent, bare = [], []
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        for _ in range(ROUNDS):
            reset(admin)
            sent.append(per_second(server, "send.pgbench", "authenticator", place))
            admin.execute("alter table public.messages disable trigger user")
            bare.append(per_second(server, "bare.pgbench", "postgres", place))
            admin.execute("delete from public.messages where seq >= 1000000000")
            admin.execute("alter table public.messages enable trigger user")
    return statistics.median(sent), statistics.median(bare)


def reset(admin: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the state of earlier rounds and senders like that of a server at rest."""
    admin.execute(
        "update private.send_windows set sent_at = array_fill(now() - interval '1 hour', array[10])"
    )
    for table in ("private.send_windows", "public.messages", "public.conversations", "private.read_states"):
        admin.execute(f"vacuum analyze {table}".encode())
    admin.execute("checkpoint")


def per_second(server: Server, script: str, role: str, place: Place) -> float:
    """Transactions per second of a pgbench script with 16 clients."""
    major = int(server.version.split(".", maxsplit=1)[0])
    command: list[str] = [
        str(program(major, "pgbench")),
        *("--no-vacuum", "--protocol=prepared", "--define=turn=0"),
        *(f"--define=first={place.first}", f"--define=conversations={place.conversations}"),
        *(f"--client={CLIENTS}", "--jobs=1", f"--transactions={place.transactions}"),
        f"--file={HERE / script}",
        server.url_for(role),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(r"^tps = ([\d.]+)", result.stdout, re.MULTILINE)
    if result.returncode or match is None:
        raise SystemExit(f"pgbench failed:\n{result.stderr}")
    return float(match[1])
