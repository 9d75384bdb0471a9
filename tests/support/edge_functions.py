"""Running Edge Functions: under Deno, over HTTP, with the loopback as only network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from chatctl.data import data_directory
from tests.support.refused import error_codes

DENO = Path(sys.prefix) / "bin" / "deno"
TOKEN = {"Authorization": "Bearer header.claims.signature"}

needs_deno = pytest.mark.skipif(not DENO.exists(), reason="the extra `local` with Deno is not installed")


@dataclass
class PostgREST:
    """Stands in for the API: gives a prepared answer and records the requests."""

    url: str = ""
    status: int = 200
    body: Any = None
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def will_answer(self, body: Any, status: int = 200) -> None:
        self.body, self.status = body, status
        self.requests.clear()


@contextmanager
def serving(function: str, **environment: str) -> Iterator[str]:
    """The URL of an Edge Function that may only access the loopback and read its settings."""
    command = [
        *(str(DENO), "run", "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock"),
        *("--allow-net=127.0.0.1", "--allow-env=SUPABASE_URL,SUPABASE_ANON_KEY"),
        str(data_directory("supabase/functions") / function / "index.ts"),
    ]
    settings = {"DENO_SERVE_ADDRESS": "tcp:127.0.0.1:0", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
    keep = {name: value for name, value in os.environ.items() if not name.startswith("SUPABASE_")}
    with subprocess.Popen(
        command,
        env={**keep, **settings, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        try:
            log = []
            for line in process.stdout:
                log.append(line)
                if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                    # Keep reading its log, so that the pipe does not fill up.
                    threading.Thread(target=process.stdout.read, daemon=True).start()
                    yield address.group()
                    return
            pytest.fail(f"{function} ends before it listens: {''.join(log)}")
        finally:
            process.terminate()


def refused(response: httpx.Response, code: str) -> dict[str, Any]:
    """The error of a response, which must have the documented shape and the status of the shared table."""
    error: dict[str, Any] = response.json()["error"]
    assert (error["code"], response.status_code) == (code, error_codes()["codes"][code]["status"]), error
    assert set(error) <= {"code", "message", "details", "retry_after"}
    assert error["message"]
    assert response.headers["access-control-allow-origin"] == "*"
    return error
