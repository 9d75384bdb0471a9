"""A fake server: it sends a prepared answer in PostgreSQL's protocol and is silent afterwards."""

from __future__ import annotations

import socket
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Self

_SSL_REQUEST = 80877103
_GSS_REQUEST = 80877104

AUTHENTICATED = b"R" + (8).to_bytes(4) + (0).to_bytes(4)
READY = b"K" + (12).to_bytes(4) + bytes(8) + b"Z" + (5).to_bytes(4) + b"I"


def refusal(sqlstate: str, message: str, severity: str = "FATAL") -> bytes:
    """The message with which a server ends a connection, in German."""
    fields = {"S": severity, "V": "FATAL", "C": sqlstate, "M": message}
    body = b"".join(f"{key}{value}\0".encode() for key, value in fields.items()) + b"\0"
    return b"E" + (len(body) + 4).to_bytes(4) + body


class FakeServer:
    """Listens on the loopback during the block; answers the start of each connection with ``answer``.

    With None it does not even answer the request for encryption. Only the first ``most`` connections are
    answered.
    """

    def __init__(self, answer: bytes | None, *, most: int = 1_000) -> None:
        self.answer = answer
        self._left = most
        self._over = Event()
        self._clients: list[socket.socket] = []

    def __enter__(self) -> Self:
        answering = self._answering

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                with suppress(ConnectionError):
                    answering(self.request)

        self._listener = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._listener.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def end(self) -> None:
        """Close every connection."""
        self._over.set()
        for client in list(self._clients):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def __exit__(self, *_: object) -> None:
        self.end()
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    @property
    def url(self) -> str:
        return f"postgresql://someone:s3cr3t@127.0.0.1:{self._listener.server_address[1]}/somewhere"

    def _answering(self, client: socket.socket) -> None:
        self._left -= 1
        self._clients.append(client)
        if self.answer is not None and self._left >= 0:
            while int.from_bytes(client.recv(10_000)[4:8]) in (_SSL_REQUEST, _GSS_REQUEST):
                client.sendall(b"N")
            client.sendall(self.answer)
        if self.answer is None or not self.answer.startswith(b"E"):
            self._over.wait()
