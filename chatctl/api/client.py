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

_API_URL = "api_url (or SUPABASE_URL)"  # no message repeats its value, which may hold a password

_TOO_MANY, _SERVER_ERROR, _NOT_IMPLEMENTED = 429, 500, 501


class ApiRefused(ChatctlError):
    """The API rejected a request: status, error names and message."""

    def __init__(self, where: str, status: int, names: frozenset[str], words: str) -> None:
        super().__init__(f"{where} answers {status}: {words}")
        self.status = status
        self.names = names
        self.words = words


class _Later(Exception):
    """A temporary error; the server may ask to wait ``seconds`` before a retry."""

    def __init__(self, reason: str, seconds: float = 0) -> None:
        super().__init__(reason)
        self.seconds = seconds


@contextmanager
def connect(api_url: str, key: str, *, patience: float = PATIENCE) -> Iterator[Client]:
    """A client of the API at ``api_url``, closed at the end; threads may share it.

    Raises as ``session`` does, and Invalid for an answer that supabase-py cannot read.
    """
    with session(api_url, key, patience=patience) as http:
        options = ClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False)
        try:
            yield create_client(api_url, key, options)
        except ValidationError as error:
            # Its words quote the answer, in which there may be tokens.
            what = f"{error.title} of another shape than Supabase does"
            raise Invalid(f"the API at {http.base_url.netloc.decode()} answers with a {what}") from None


@contextmanager
def session(api_url: str, key: str, *, patience: float = PATIENCE) -> Iterator[httpx.Client]:
    """What sends requests to the API at ``api_url`` with ``key``, closed at the end; threads may share it.

    What may work later (429, 5xx, no answer) is tried again for ``patience`` seconds. Raises Invalid for a
    URL or a key that cannot be one. Requests raise NotAllowed for a wrong key, Unavailable when patience
    ends, Invalid when no Supabase project is there, and ApiRefused for any other no.
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
        raise Invalid(f"{_API_URL} must be an address alone, without user, query or fragment")
    return url.netloc.decode()


class _Http(httpx.Client):
    """Sends for supabase-py, too. No HTTP/2: its headers, and in them the key, end up in debug logs."""

    def __init__(self, api_url: str, key: str, where: str, patience: float) -> None:
        super().__init__(
            base_url=api_url,
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT,
            mounts={f"all://{host}": None for host in _LOOPBACK},  # a proxy is for the world outside
            follow_redirects=False,  # the key would follow
        )
        self._where, self._key, self._patience = where, key, patience
        self._closing = threading.Event()

    def close(self) -> None:
        self._closing.set()
        super().close()

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        tries = Retrying(
            retry=retry_if_exception_type(_Later),
            wait=_pause,
            stop=stop_before_delay(self._patience) | stop_when_event_set(self._closing),
            sleep=sleep_using_event(self._closing),
            retry_error_callback=self._give_up,
        )
        response: httpx.Response = tries(self._send_once, request, **options)
        return response

    def _send_once(self, request: httpx.Request, **options: Any) -> httpx.Response:
        if self._closing.is_set():
            raise _Later("the client is closed")
        try:
            response = super().send(request, **options)
        except httpx.RequestError as error:
            raise _Later(self._clean(str(error)) or type(error).__name__) from None
        is_file = request.method == "GET" and request.url.path.startswith(FILES)
        if response.is_success and (is_file or "json" in response.headers.get("content-type", "")):
            return response
        if response.is_success:
            raise Invalid(f"{self._where} answers with a page: is api_url the address of a Supabase project?")
        if response.next_request:
            url = response.next_request.url
            to = f"{url.scheme}://{url.netloc.decode()}"
            raise Invalid(f"{self._where} sends us on to {to}: give that as api_url")
        raise self._refusal(response)

    def _refusal(self, response: httpx.Response) -> Exception:
        said = _said(response)
        # Storage answers 400 for most, and says in the body what it is.
        status = int(said["statusCode"]) if said.get("statusCode", "").isdigit() else response.status_code
        names = frozenset(said[key] for key in ("code", "error_code", "error") if key in said)
        spoken = (said[key] for key in ("msg", "message", "error_description", "error") if key in said)
        words = self._clean(next(spoken, response.reason_phrase))
        if status in (401, 403) or "InvalidJWT" in names:
            return NotAllowed(
                f"{self._where} refuses the key: {words}",
                hint="use the secret key (or service_role key) of the project that api_url belongs to",
            )
        if status == _TOO_MANY or (status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED):
            after = response.headers.get("retry-after", "")
            return _Later(f"{status} {words}", float(after) if after.isdigit() else 0)
        return ApiRefused(self._where, status, names, words)

    def _give_up(self, state: RetryCallState) -> NoReturn:
        error = state.outcome.exception() if state.outcome else None
        tries = "1 try" if state.attempt_number == 1 else f"{state.attempt_number} tries"
        raise Unavailable(f"{self._where} does not answer as it should, after {tries}: {error}") from None

    def _clean(self, words: str) -> str:
        return mask(" ".join(words.split()).replace(self._key, MASK))


def _said(response: httpx.Response) -> dict[str, str]:
    """The values of an answer under each name that are text or a number."""
    try:
        body = response.json()
    except ValueError:
        return {}
    fields = body.items() if isinstance(body, dict) else ()
    return {name: str(value) for name, value in fields if isinstance(value, str | int)}


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.seconds if isinstance(error, _Later) else 0
    return max(asked, wait_random_exponential(multiplier=0.25, max=5, min=0.1)(state))
