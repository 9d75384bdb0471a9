"""What all Edge Functions have in common: preflight, authorization, methods."""

from __future__ import annotations

import httpx
import pytest

from tests.support.edge_functions import needs_deno, refused

pytestmark = needs_deno


@pytest.fixture(params=["rate_limit", "attachment"])
def function(request: pytest.FixtureRequest) -> httpx.Client:
    client: httpx.Client = request.getfixturevalue(request.param)
    return client


def test_preflight_needs_no_token(function: httpx.Client) -> None:
    response = function.options("/", headers={"Authorization": "", "Origin": "https://app.example"})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    for header in ("authorization", "x-client-info", "apikey", "content-type"):
        assert header in response.headers["access-control-allow-headers"]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic dXNlcjpwYXNz", "Bearer two words"])
def test_a_request_without_a_bearer_token_is_unauthorized(function: httpx.Client, authorization: str) -> None:
    response = function.post("/", headers={"Authorization": authorization}, json={"action": "check"})
    assert refused(response, "UNAUTHORIZED")["message"] == "Please log in to continue"


def test_only_post_is_allowed(function: httpx.Client) -> None:
    response = function.get("/")
    assert (response.status_code, response.headers["allow"]) == (405, "POST, OPTIONS")
    assert response.json()["error"]["code"] == "VALIDATION_ERROR"
