"""A contract server with a client, and Edge Functions with clients."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from supabase import Client

from chatctl.api import client as api
from chatctl.services.seed.people import PASSWORD, PASSWORD_HASH
from tests.support import edge_functions
from tests.support.contract import SECRET_KEY, Project
from tests.support.contract_server import serving
from tests.support.edge_functions import TOKEN, PostgREST


@pytest.fixture
def project() -> Iterator[Project]:
    with serving(Project(passwords={PASSWORD_HASH: PASSWORD})) as project:
        yield project


@pytest.fixture
def client(project: Project) -> Iterator[Client]:
    with api.connect(project.url, SECRET_KEY, patience=20) as client:
        yield client


@pytest.fixture(scope="module")
def postgrest() -> Iterator[PostgREST]:
    stand_in = PostgREST()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            stand_in.requests.append((self.command, self.path, headers, body))
            answer = stand_in.body if isinstance(stand_in.body, bytes) else json.dumps(stand_in.body).encode()
            self.send_response(stand_in.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield stand_in
        server.shutdown()


@pytest.fixture(scope="module")
def rate_limit(postgrest: PostgREST) -> Iterator[httpx.Client]:
    with (
        edge_functions.serving(
            "chat-rate-limit", SUPABASE_URL=postgrest.url, SUPABASE_ANON_KEY="the-anon-key"
        ) as url,
        httpx.Client(base_url=url, headers=TOKEN) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def attachment() -> Iterator[httpx.Client]:
    with (
        edge_functions.serving("validate-attachment") as url,
        httpx.Client(base_url=url, headers=TOKEN, timeout=30) as client,
    ):
        yield client
