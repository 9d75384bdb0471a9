"""The HTTP server of the contract server: faults, delays, and requests that violate the contract."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.contract import Answer, ContractViolation, Fault, Project
from tests.support.contract_requests import ContractRequest


@contextmanager
def serving(project: Project, tls: ssl.SSLContext | None = None) -> Iterator[Project]:
    """Serve ``project`` on a port of the loopback; raises at the end if a request violated the contract."""

    class Handler(_Handler):
        served = project

    with _Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        project.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield project
        finally:
            server.shutdown()
    assert not project.violations


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients may disconnect at any time.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    served: Project
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # one packet: a separate body would wait 40 ms for an acknowledgement

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = f"{self.command} {self.path}"
        project = self.served
        with project.lock:
            project.requests.append(request)
            project.under_way += 1
            project.at_once = max(project.at_once, project.under_way)
            fault = project.next_fault(request)
        time.sleep(project.delay)
        try:
            if fault and not fault.after:
                return self._misbehave(fault)
            answer = self._answer(body)
            if fault:
                return self._misbehave(fault)
            self._send(answer)
        finally:
            with project.lock:
                project.under_way -= 1

    def _misbehave(self, fault: Fault) -> None:
        if fault.status is not None:
            return self._send(Answer(fault.status, fault.body, fault.headers))
        # A reset, like from a crashing proxy, and not the end of an answer.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        return None

    def _answer(self, body: bytes) -> Answer:
        try:
            with self.served.lock:
                return ContractRequest(self.served, self.command, self.path, self.headers, body).answer()
        except Answer as answer:
            return answer
        except (ContractViolation, KeyError, ValueError, TypeError) as error:
            self.served.violations.append(f"{self.command} {self.path}: {error!r}")
            return Answer(418, {"message": f"outside the contract: {error!r}"})

    def _send(self, answer: Answer) -> None:
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
