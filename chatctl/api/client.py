"""A client of a Supabase project's API that retries temporary errors and raises chatctl's errors.

Imports supabase, which takes a second: a command that does not need it must not import this.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NoReturn

import httpx
from pydantic import ValidationError
from supabase import Client, ClientOptions, create_client
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_before_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from chatctl.errors import ChatctlError, Invalid, NotAllowed, Unavailable
from chatctl.secrets import MASK, mask

PATIENCE = 60.0  # seconds
FILES = "/storage/v1/object/authenticated/"  # its answers are files of any type

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # seconds
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_API_URL = "api_url (or SUPABASE_URL)"  # no message repeats its value, which may contain a password

_TOO_MANY, _SERVER_ERROR, _NOT_IMPLEMENTED = 429, 500, 501


class ApiRefused(ChatctlError):
    """The API rejected a request: status, error names and message."""

    def __init__(self, where: str, status: int, names: frozenset[str], reason: str) -> None:
        super().__init__(f"{where} answers {status}: {reason}")
        self.status = status
        self.names = names
        self.reason = reason


class _Temporary(Exception):
    """A temporary error; the server may ask to wait ``seconds`` before a retry."""

    def __init__(self, reason: str, seconds: float = 0) -> None:
        super().__init__(reason)
        self.seconds = seconds


@contextmanager
def connect(api_url: str, key: str, *, patience: float = PATIENCE) -> Iterator[Client]:
    """A client of the API at ``api_url``, closed at the end; threads may share it.

    Raises the errors of ``session``, and Invalid for a response that supabase-py cannot parse.
    """
    with session(api_url, key, patience=patience) as http:
        options = ClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False)
        try:
            yield create_client(api_url, key, options)
        except ValidationError as error:
            # Its message quotes the response, which may contain tokens.
            host = http.base_url.netloc.decode()
            raise Invalid(
                f"the API at {host} sent a response ({error.title}) that is not in Supabase's format"
            ) from None


@contextmanager
def session(api_url: str, key: str, *, patience: float = PATIENCE) -> Iterator[httpx.Client]:
    """An HTTP client for the API at ``api_url`` with ``key``, closed at the end; threads may share it.

    Temporary errors (429, 5xx, no response) are retried for ``patience`` seconds. Raises Invalid for a
    malformed URL or key. Requests raise NotAllowed for a wrong key, Unavailable if retries do not help,
    Invalid if the server is not a Supabase project, and ApiRefused for any other rejection.
    """
    host = _host(api_url)
    if not (key and key.isascii() and key.isprintable() and " " not in key):
        raise Invalid(f"the key for {host} is empty or not a key: keys are printable ASCII without spaces")
    with closing(_Http(api_url, key, f"the API at {host}", patience)) as http:
        yield http


def _host(api_url: str) -> str:
    try:
        url = httpx.URL(api_url)
    except httpx.InvalidURL:
        raise Invalid(f"{_API_URL} is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise Invalid(f"{_API_URL} must be an http:// or https:// URL")
    if url.userinfo or url.query or url.fragment:
        raise Invalid(f"{_API_URL} must be a URL without user, query or fragment")
    return url.netloc.decode()


class _Http(httpx.Client):
    """The HTTP client, also for supabase-py. Not HTTP/2, whose debug logs contain the headers, so the key."""

    def __init__(self, api_url: str, key: str, where: str, patience: float) -> None:
        super().__init__(
            base_url=api_url,
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT,
            mounts={f"all://{host}": None for host in _LOOPBACK},  # no proxy for local servers
            follow_redirects=False,  # a redirect would send the key to another server
        )
        self._where, self._key, self._patience = where, key, patience
        self._closing = threading.Event()

    def close(self) -> None:
        self._closing.set()
        super().close()

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        tries = Retrying(
            retry=retry_if_exception_type(_Temporary),
            wait=_pause,
            stop=stop_before_delay(self._patience) | stop_when_event_set(self._closing),
            sleep=sleep_using_event(self._closing),
            retry_error_callback=self._give_up,
        )
        response: httpx.Response = tries(self._send_once, request, **options)
        return response

    def _send_once(self, request: httpx.Request, **options: Any) -> httpx.Response:
        if self._closing.is_set():
            raise _Temporary("the client is closed")
        try:
            response = super().send(request, **options)
        except httpx.RequestError as error:
            raise _Temporary(self._clean(str(error)) or type(error).__name__) from None
        is_file = request.method == "GET" and request.url.path.startswith(FILES)
        if response.is_success and (is_file or "json" in response.headers.get("content-type", "")):
            return response
        if response.is_success:
            raise Invalid(
                f"{self._where} did not answer with JSON; is api_url the address of a Supabase project?"
            )
        if response.next_request:
            url = response.next_request.url
            to = f"{url.scheme}://{url.netloc.decode()}"
            raise Invalid(f"{self._where} redirects to {to}; use that as api_url")
        raise self._refusal(response)

    def _refusal(self, response: httpx.Response) -> Exception:
        body = _fields(response)
        # Storage answers most errors with 400, and gives the actual status in the body.
        status = int(body["statusCode"]) if body.get("statusCode", "").isdigit() else response.status_code
        names = frozenset(body[key] for key in ("code", "error_code", "error") if key in body)
        messages = (body[key] for key in ("msg", "message", "error_description", "error") if key in body)
        reason = self._clean(next(messages, response.reason_phrase))
        if status in (401, 403) or "InvalidJWT" in names:
            return NotAllowed(
                f"{self._where} rejects the key: {reason}",
                hint="use the secret key (or service_role key) of the project that api_url belongs to",
            )
        if status == _TOO_MANY or (status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED):
            after = response.headers.get("retry-after", "")
            return _Temporary(f"{status} {reason}", float(after) if after.isdigit() else 0)
        return ApiRefused(self._where, status, names, reason)

    def _give_up(self, state: RetryCallState) -> NoReturn:
        error = state.outcome.exception() if state.outcome else None
        attempts = "1 attempt" if state.attempt_number == 1 else f"{state.attempt_number} attempts"
        raise Unavailable(f"{self._where} failed after {attempts}: {error}") from None

    def _clean(self, text: str) -> str:
        return mask(" ".join(text.split()).replace(self._key, MASK))


def _fields(response: httpx.Response) -> dict[str, str]:
    """The top-level fields of a response whose values are text or numbers."""
    try:
        body = response.json()
    except ValueError:
        return {}
    fields = body.items() if isinstance(body, dict) else ()
    return {name: str(value) for name, value in fields if isinstance(value, str | int)}


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    requested = error.seconds if isinstance(error, _Temporary) else 0
    return max(requested, wait_random_exponential(multiplier=0.25, max=5, min=0.1)(state))
