"""The Edge Function chat-rate-limit."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.support.edge_functions import TOKEN, PostgREST, needs_deno, refused, serving

pytestmark = needs_deno


def limit(**changes: Any) -> dict[str, Any]:
    return {
        "allowed": True,
        "limit": 10,
        "remaining": 4,
        "reset_at": "2026-01-23T12:00:45.25+00:00",
        "retry_after": 0,
        **changes,
    }


EXCEEDED = limit(allowed=False, remaining=0, retry_after=45)


def test_check_reports_what_the_database_answers(rate_limit: httpx.Client, postgrest: PostgREST) -> None:
    postgrest.will_answer([limit()])
    response = rate_limit.post("/chat-rate-limit", json={"action": "check"})
    assert response.status_code == 200
    assert response.json() == {"allowed": True, "remaining": 4, "reset_at": "2026-01-23T12:00:45.250Z"}
    assert response.headers["x-ratelimit-limit"] == "10"
    assert response.headers["x-ratelimit-remaining"] == "4"
    assert response.headers["x-ratelimit-reset"] == "2026-01-23T12:00:45.250Z"
    assert "retry-after" not in response.headers


def test_the_database_is_queried_as_the_caller(rate_limit: httpx.Client, postgrest: PostgREST) -> None:
    postgrest.will_answer(limit())
    rate_limit.post("/", json={"action": "check"})
    [(method, path, headers, body)] = postgrest.requests
    assert (method, path) == ("POST", "/rest/v1/rpc/check_message_rate_limit")
    assert headers["authorization"] == TOKEN["Authorization"]
    assert headers["apikey"] == "the-anon-key"
    assert json.loads(body) == {}


def test_check_beyond_the_limit_is_readable_in_both_shapes(
    rate_limit: httpx.Client, postgrest: PostgREST
) -> None:
    postgrest.will_answer([EXCEEDED])
    response = rate_limit.post("/", json={"action": "check"})
    error = refused(response, "RATE_LIMITED")
    assert error["message"] == "Rate limit exceeded. Try again in 45 seconds."
    assert error["retry_after"] == 45
    assert error["details"] == {"limit": 10, "remaining": 0, "reset_at": "2026-01-23T12:00:45.250Z"}
    body = response.json()
    assert (body["allowed"], body["remaining"], body["reset_at"]) == (False, 0, "2026-01-23T12:00:45.250Z")
    assert response.headers["retry-after"] == "45"
    assert "Retry-After" in response.headers["access-control-expose-headers"]


def test_one_second_is_singular_and_the_minimum(rate_limit: httpx.Client, postgrest: PostgREST) -> None:
    postgrest.will_answer([limit(allowed=False, remaining=0, retry_after=0)])
    error = refused(rate_limit.post("/", json={"action": "check"}), "RATE_LIMITED")
    assert (error["retry_after"], error["message"]) == (1, "Rate limit exceeded. Try again in 1 second.")


@pytest.mark.parametrize(("row", "remaining"), [(limit(), 3), (limit(remaining=0), 0), (EXCEEDED, 0)])
def test_increment_reports_the_updated_status(
    rate_limit: httpx.Client, postgrest: PostgREST, row: dict[str, Any], remaining: int
) -> None:
    postgrest.will_answer([row])
    response = rate_limit.post("/", json={"action": "increment"})
    assert response.status_code == 200
    assert response.json() == {
        "allowed": row["allowed"],
        "remaining": remaining,
        "reset_at": "2026-01-23T12:00:45.250Z",
    }


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"check",
            b"{",
            b"null",
            b"[]",
            b'"check"',
            b"{}",
            b'{"action": null}',
            b'{"action": "CHECK"}',
        ),
        *(b'{"action": "reset"}', b'{"action": ["check"]}', b'{"action": "check\xff"}'),
        b'{"action": "check", "padding": "' + b"x" * 2000 + b'"}',
    ],
)
def test_an_invalid_request_is_refused_before_the_database_is_queried(
    rate_limit: httpx.Client, postgrest: PostgREST, body: bytes
) -> None:
    postgrest.will_answer([limit()])
    refused(rate_limit.post("/", content=body), "VALIDATION_ERROR")
    assert postgrest.requests == []


@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHORIZED"), (403, "FORBIDDEN")])
def test_a_refusal_of_the_database_is_a_refusal_of_the_function(
    rate_limit: httpx.Client, postgrest: PostgREST, status: int, code: str
) -> None:
    postgrest.will_answer({"code": "PGRST301", "message": "JWT expired"}, status)
    refused(rate_limit.post("/", json={"action": "check"}), code)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"message": "relation private.send_windows does not exist"}, 500),
        ({"message": "no such function"}, 404),
        (b"<html>secret gateway</html>", 200),
        ([], 200),
        (None, 200),
        ([limit(remaining="private")], 200),
        ([limit(reset_at="never")], 200),
    ],
)
def test_a_failure_of_the_backend_leaks_nothing(
    rate_limit: httpx.Client, postgrest: PostgREST, body: Any, status: int
) -> None:
    postgrest.will_answer(body, status)
    response = rate_limit.post("/", json={"action": "check"})
    assert refused(response, "INTERNAL_ERROR") == {
        "code": "INTERNAL_ERROR",
        "message": "Something went wrong. Please try again",
    }


def test_an_unreachable_api_leaks_nothing() -> None:
    with (
        socket.socket() as closed,  # bound but not listening: a port that refuses connections
        serving_at_a_closed_port(closed) as url,
    ):
        response = httpx.post(url, headers=TOKEN, json={"action": "check"})
    assert set(refused(response, "INTERNAL_ERROR")) == {"code", "message"}


@contextmanager
def serving_at_a_closed_port(closed: socket.socket) -> Iterator[str]:
    closed.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with serving("chat-rate-limit", SUPABASE_URL=address, SUPABASE_ANON_KEY="key") as url:
        yield url


def test_a_missing_setting_leaks_nothing() -> None:
    with serving("chat-rate-limit") as url:
        response = httpx.post(url, headers=TOKEN, json={"action": "check"})
    assert set(refused(response, "INTERNAL_ERROR")) == {"code", "message"}
