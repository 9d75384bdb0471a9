"""A contract server: replaces the Auth and Storage of a project, for the requests that seeding sends.

It checks every field of a request against the documentation, more strictly than the real services: a request
that violates the contract is refused and recorded in ``violations``. Answers have the same format, and it
stores the same data. Based on supabase/auth (admin.go, errors.go, user.go, identity.go, token.go) and
supabase/storage (createObject.ts, deleteObjects.ts, codes.ts, error-handler.ts, limits.ts).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

SECRET_KEY = "sb_secret_of-the-contract-server"
PUBLISHABLE_KEY = "sb_publishable_of-the-contract-server"


@dataclass
class Fault:
    """A fault instead of processing a request or, with ``after``, instead of the answer to it.

    Without a status the connection is reset.
    """

    status: int | None = None
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = b""


@dataclass(frozen=True)
class Stored:
    """One object of the bucket."""

    content: bytes
    type: str
    cache_control: str
    owner: str | None = None


@dataclass
class Project:
    """The data of a project, and how it behaves."""

    url: str = ""
    passwords: dict[str, str] = field(default_factory=dict)  # passwords by their hashes
    buckets: dict[str, set[str]] = field(default_factory=dict)  # with the MIME types that each accepts
    users: dict[str, dict[str, Any]] = field(default_factory=dict)  # rows of auth.users by id
    identities: dict[str, dict[str, Any]] = field(default_factory=dict)  # rows of auth.identities by user
    objects: dict[str, Stored] = field(default_factory=dict)
    delay: float = 0  # seconds until an answer
    own_ids: bool = True  # an old Auth ignores given ids
    requests: list[str] = field(default_factory=list)  # method and path of every request
    violations: list[str] = field(default_factory=list)
    at_once: int = 0  # the largest number of concurrent requests
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0

    def will(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        """Apply ``fault`` to the next ``times`` requests whose method and path begin with ``on``."""
        self.faults += [(on, fault)] * times

    def count(self, start: str) -> int:
        """How many requests had a method and path that begin with ``start``."""
        return sum(request.startswith(start) for request in self.requests)

    def next_fault(self, request: str) -> Fault | None:
        for entry in self.faults:
            if request.startswith(entry[0]):
                self.faults.remove(entry)
                return entry[1]
        return None


class ContractViolation(Exception):
    """A request that violates the contract."""


class Answer(Exception):
    """An answer, of Auth in the shape of API version 2024-01-01, of Storage in its own."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def auth_error(status: int, code: str, message: str) -> Answer:
    """Like HandleResponseError for clients that send X-Supabase-Api-Version."""
    return Answer(status, {"code": code, "message": message}, {"X-Supabase-Api-Version": "2024-01-01"})


def storage_error(status: int, error: str, code: str, message: str) -> Answer:
    """Like the error handler of Storage: HTTP status 400 whatever the status is, unless it is 500."""
    body = {"statusCode": str(status), "error": error, "code": code, "message": message}
    return Answer(500 if status == 500 else 400, body)
