"""A TCP proxy for the embedded server, which has only a unix socket; it can report and cut traffic.

It serves clients that only support TCP. And tests of what a killed client leaves behind end the
connection at one exact message: before it reaches the server, or after the server has answered it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, BinaryIO, Self
from urllib.parse import quote

from chatctl.local.postgres import cluster
from chatctl.local.postgres.server import Server

_HOST = "127.0.0.1"
_ENCRYPTION = (80877103, 80877104)  # SSLRequest and GSSENCRequest: answered with one byte, startup follows


class Cut(Exception):
    """Raised by a callback: both sides of its connection are closed, and nothing more is forwarded."""


class Proxy:
    """Listens on a free port of the loopback during the block; supports concurrent connections.

    ``on_message(number, kind, body)`` is called for each message of a client after its startup, before the
    message is forwarded; numbers count from 1 over all connections. ``on_answer(number)`` is called when the
    server is ready for the next query after that message, and before that answer is forwarded to the client.
    This is right for clients that wait for the answer, as psycopg does outside of a pipeline. Both are called
    in the threads of the connections. Any exception other than Cut also ends the connection, and is
    raised at the block's end.
    """

    def __init__(
        self,
        server: Server,
        *,
        on_message: Callable[[int, bytes, bytes], None] = lambda number, kind, body: None,
        on_answer: Callable[[int], None] = lambda number: None,
    ) -> None:
        self.target = str(cluster.socket_path(server.directory))
        self.on_message = on_message
        self.on_answer = on_answer
        self.numbers = count(1)
        self.sessions: set[_Session] = set()
        self.closing = False
        self.errors: list[BaseException] = []

    def __enter__(self) -> Self:
        self._listener = _Listener(self)
        every = 0.02  # seconds: how often it checks for its end
        self._thread = Thread(target=self._listener.serve_forever, args=(every,))
        self._thread.start()
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self._listener.shutdown()
        self._thread.join()
        self.closing = True
        for session in list(self.sessions):
            session.end()
        self._listener.server_close()  # waits for the sessions to end
        if self.errors and failed is None:
            raise self.errors[0]

    def url(self, role: str, database: str) -> str:
        """The URL of ``role`` in ``database`` through this proxy; the server needs no password."""
        where = f"{_HOST}:{self._listener.server_address[1]}/{quote(database, safe='')}"
        return f"postgresql://{quote(role, safe='')}:secret@{where}?sslmode=disable"


class _Listener(ThreadingTCPServer):
    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__((_HOST, 0), BaseRequestHandler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        _Session(self.proxy, request)


class _Session:
    """The connection of one client and the corresponding one to the server."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self.proxy = proxy
        self.client = client
        self.last = 0  # the number of the newest message of the client
        # Answers are sent in small pieces; with Nagle's algorithm each would be delayed by 40 ms.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with socket.socket(socket.AF_UNIX) as self.postgres:
            proxy.sessions.add(self)
            if proxy.closing:
                self.end()
            self.back = Thread(target=self._until_the_end, args=(self._pass_back, self.postgres))
            self._until_the_end(self._pass_on, client)
            if self.back.ident:
                self.back.join()
            proxy.sessions.discard(self)

    def end(self) -> None:
        """Close both sides; readers and writers there see the end."""
        for side in (self.client, self.postgres):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _until_the_end(self, act: Callable[[BinaryIO], None], side: socket.socket) -> None:
        try:
            with side.makefile("rb") as stream:
                act(stream)
        except (Cut, EOFError, ConnectionError):
            pass
        except BaseException as error:  # noqa: BLE001 - a thread's error would be lost
            self.proxy.errors.append(error)
        finally:
            self.end()

    def _pass_on(self, stream: BinaryIO) -> None:
        self.postgres.connect(self.proxy.target)
        while self._start_up(stream) in _ENCRYPTION:
            self.client.sendall(self.postgres.recv(1))  # N: no encryption on a unix socket
        self.back.start()
        while True:
            head, body = _message(stream, 5)
            self.last = next(self.proxy.numbers)
            self.proxy.on_message(self.last, head[:1], body)
            self.postgres.sendall(head + body)

    def _start_up(self, stream: BinaryIO) -> int:
        head, body = _message(stream, 4)
        self.postgres.sendall(head + body)
        return int.from_bytes(body[:4])

    def _pass_back(self, stream: BinaryIO) -> None:
        while True:
            head, body = _message(stream, 5)
            if head[:1] == b"Z" and self.last:
                self.proxy.on_answer(self.last)
            self.client.sendall(head + body)


def _message(stream: BinaryIO, head_size: int) -> tuple[bytes, bytes]:
    head = stream.read(head_size)
    length = int.from_bytes(head[-4:]) - 4  # the length includes itself
    body = stream.read(max(length, 0))
    if len(head) < head_size or len(body) < length:
        raise EOFError
    return head, body
