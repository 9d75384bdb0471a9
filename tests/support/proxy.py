"""A TCP door to the embedded server, which has only a unix socket; it watches what passes and can cut it.

Clients that speak TCP only come in here. And a test that asks what a killed client leaves behind ends the
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
_ENCRYPTION = (80877103, 80877104)  # SSLRequest and GSSENCRequest: answered by one byte, then the start again


class Cut(Exception):
    """Raised by a callback: its connection ends on both sides, and nothing more passes."""


class Proxy:
    """Listens on a free port of this machine while the block runs; several connections at once may pass.

    ``on_message(number, kind, body)`` hears of each message of a client that has started up, before it is
    passed on; numbers count from 1 over all connections. ``on_answer(number)`` hears that the server has
    become ready again after that message, before its client does; right for a client that sends nothing
    meanwhile, as psycopg outside of a pipeline. The threads of the connections call both. What a callback
    raises other than Cut ends its connection too, and is raised again at the end of the block.
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
        every = 0.02  # seconds: how soon it sees its own end
        self._thread = Thread(target=self._listener.serve_forever, args=(every,))
        self._thread.start()
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self._listener.shutdown()
        self._thread.join()
        self.closing = True
        for session in list(self.sessions):
            session.end()
        self._listener.server_close()  # waits for the sessions
        if self.errors and failed is None:
            raise self.errors[0]

    def url(self, role: str, database: str) -> str:
        """The URL of ``role`` in ``database`` through this door; the server asks for no password."""
        where = f"{_HOST}:{self._listener.server_address[1]}/{quote(database, safe='')}"
        return f"postgresql://{quote(role, safe='')}:secret@{where}?sslmode=disable"


class _Listener(ThreadingTCPServer):
    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__((_HOST, 0), BaseRequestHandler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        _Session(self.proxy, request)


class _Session:
    """One client's connection and the one to the server that is made for it, from start to end."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self.proxy = proxy
        self.client = client
        self.last = 0  # the number of the client's newest message
        # Answers go out in small pieces; held back until one is acknowledged they take 40 ms each.
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
        """Close both sides at once; who reads or writes there finds the end."""
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
            self.client.sendall(self.postgres.recv(1))  # N: there is no encryption on a unix socket
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
    length = int.from_bytes(head[-4:]) - 4  # it counts itself
    body = stream.read(max(length, 0))
    if len(head) < head_size or len(body) < length:
        raise EOFError
    return head, body
