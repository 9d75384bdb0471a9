"""A server that represents another machine: on 127.0.0.2, which chatctl does not regard as local."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from chatctl.local.postgres import account, cluster, throwaway
from chatctl.local.postgres.directory import hold

HOST = "127.0.0.2"


@dataclass(frozen=True)
class RemoteServer:
    """The server; its database ``postgres`` contains only the platform."""

    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    @property
    def tables(self) -> list[str]:
        """The tables in its schema public."""
        with psycopg.connect(self.url) as conn:
            rows = conn.execute("select tablename from pg_tables where schemaname = 'public'")
            return [name for (name,) in rows]


@contextmanager
def remote_server(version: int = 18) -> Iterator[RemoteServer]:
    """Run the server during the block."""
    with throwaway.server(version=version) as server:
        with socket.socket() as free:
            free.bind((HOST, 0))
            port = free.getsockname()[1]
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute(f"alter system set listen_addresses = '{HOST}'".encode())
            admin.execute(f"alter system set port = {port}".encode())
        with hold(server.directory) as held_directory:
            assert held_directory
            cluster.stop(held_directory)
            with (held_directory.path / "data" / "pg_hba.conf").open("w") as rules:
                rules.write("local all all trust\nhost all all 127.0.0.0/8 trust\n")
            cluster.start(held_directory, version, account.for_directory(held_directory))
        yield RemoteServer(port)
