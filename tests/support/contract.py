"""A contract server: stands in for the Auth and Storage of a project, as far as seeding asks them.

It checks every request against what is documented, field by field, more strictly than they do: a request
outside the contract is refused and kept in ``violations``. It answers in their shapes and keeps what they
would store. From supabase/auth (admin.go, errors.go, user.go, identity.go, token.go) and supabase/storage
(createObject.ts, deleteObjects.ts, codes.ts, error-handler.ts, limits.ts).
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID, uuid4

SECRET_KEY = "sb_secret_of-the-contract-server"
PUBLISHABLE_KEY = "sb_publishable_of-the-contract-server"

# AdminUserParams of GoTrue, and the JSON that Go reads into each.
ADMIN_USER_PARAMS: dict[str, type] = {
    **dict.fromkeys(
        ("id", "aud", "role", "email", "phone", "password", "password_hash", "ban_duration"), str
    ),
    **dict.fromkeys(("email_confirm", "phone_confirm"), bool),
    **dict.fromkeys(("user_metadata", "app_metadata"), dict),
}
_BCRYPT = re.compile(r"\$2[ab]\$(0[5-9]|10)\$[./A-Za-z0-9]{53}")  # of a cost that is not computed anew
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_OBJECT_NAME = re.compile(r"[\w/!.*'() &$@=;:+,?-]+", re.ASCII)  # isValidKey of Storage
_TOKENS = (
    *("confirmation_token", "recovery_token", "reauthentication_token"),
    *("email_change", "email_change_token_current", "email_change_token_new"),
    *("phone_change", "phone_change_token"),
)
_MAX_SIZE = 10 * 1024 * 1024
_MAX_DELETIONS = 1000


@dataclass
class Fault:
    """What happens to a request instead of an answer, or with ``after`` in place of it.

    Without a status the connection is cut.
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
    """What a project has, and how it behaves."""

    url: str = ""
    passwords: dict[str, str] = field(default_factory=dict)  # by their hashes
    buckets: dict[str, set[str]] = field(default_factory=dict)  # and the MIME types that each takes
    users: dict[str, dict[str, Any]] = field(default_factory=dict)  # rows of auth.users by id
    identities: dict[str, dict[str, Any]] = field(default_factory=dict)  # rows of auth.identities by user
    objects: dict[str, Stored] = field(default_factory=dict)
    delay: float = 0  # seconds until an answer
    own_ids: bool = True  # an old Auth passes over the ids that it is given
    asked: list[str] = field(default_factory=list)  # method and path of every request
    violations: list[str] = field(default_factory=list)
    at_once: int = 0  # the most requests that were under way together
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0

    def will(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        """Let that happen to the next ``times`` requests whose method and path begin with ``on``."""
        self.faults += [(on, fault)] * times

    def count(self, start: str) -> int:
        """How many requests began with that method and path."""
        return sum(request.startswith(start) for request in self.asked)

    def next_fault(self, request: str) -> Fault | None:
        for entry in self.faults:
            if request.startswith(entry[0]):
                self.faults.remove(entry)
                return entry[1]
        return None


class Outside(Exception):
    """A request outside the contract."""


class Answer(Exception):
    """An answer, of Auth in the shape of API version 2024-01-01, of Storage in its own."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def auth_error(status: int, code: str, message: str) -> Answer:
    """As HandleResponseError answers those who send X-Supabase-Api-Version."""
    return Answer(status, {"code": code, "message": message}, {"X-Supabase-Api-Version": "2024-01-01"})


def storage_error(status: int, error: str, code: str, message: str) -> Answer:
    """As the error handler of Storage: 400 whatever the status is, unless it is 500."""
    body = {"statusCode": str(status), "error": error, "code": code, "message": message}
    return Answer(500 if status == 500 else 400, body)


@contextmanager
def serving(project: Project, tls: ssl.SSLContext | None = None) -> Iterator[Project]:
    """``project`` on a port of the loopback; raises at the end when a request was outside the contract."""

    class Handler(_Handler):
        kept = project

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
        # Clients go away as they like.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    kept: Project
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # head and body in one piece: the second waits 40 ms until the first is acknowledged

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
        project = self.kept
        with project.lock:
            project.asked.append(request)
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
        # A reset, as of a proxy that dies, and not the end of an answer.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        return None

    def _answer(self, body: bytes) -> Answer:
        try:
            with self.kept.lock:
                return _Request(self.kept, self.command, self.path, self.headers, body).answer()
        except Answer as answer:
            return answer
        except (Outside, KeyError, ValueError, TypeError) as error:
            self.kept.violations.append(f"{self.command} {self.path}: {error!r}")
            return Answer(418, {"message": f"outside the contract: {error!r}"})

    def _send(self, answer: Answer) -> None:
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@dataclass
class _Request:
    project: Project
    method: str
    path: str
    headers: Message
    body: bytes

    def answer(self) -> Answer:
        address = urlsplit(self.path)
        self.query = dict(parse_qsl(address.query, strict_parsing=bool(address.query)))
        match (self.method, *unquote(address.path).strip("/").split("/", 2)):
            case ("POST", "auth", "v1", "token"):
                self._gateway(SECRET_KEY, PUBLISHABLE_KEY)
                return self._token()
            case ("GET", "auth", "v1", "admin/users"):
                self._admin()
                return self._list_users()
            case ("POST", "auth", "v1", "admin/users"):
                self._admin()
                return self._create_user()
            case ("GET" | "DELETE", "auth", "v1", rest) if rest.startswith("admin/users/"):
                self._admin()
                return self._one_user(rest.removeprefix("admin/users/"))
            case ("POST" | "DELETE", "storage", "v1", rest) if rest.startswith("object/"):
                self._gateway(SECRET_KEY)
                bucket, _, name = rest.removeprefix("object/").partition("/")
                return self._delete_objects(bucket) if self.method == "DELETE" else self._upload(bucket, name)
            case ("GET", "storage", "v1", rest) if rest.startswith("object/authenticated/"):
                self._gateway(SECRET_KEY)
                return self._download(*rest.removeprefix("object/authenticated/").split("/", 1))
        raise Outside("no such route")

    # Who asks -----------------------------------------------------------------------------------------------

    def _gateway(self, *allowed: str) -> None:
        key = self._header("apikey")
        if self._header("Authorization") != f"Bearer {key}":
            raise Outside("Authorization is not the API key's")
        if key not in (SECRET_KEY, PUBLISHABLE_KEY):
            hint = "Double check your Supabase `anon` or `service_role` API key."
            raise Answer(401, {"message": "Invalid API key", "hint": hint})
        if key not in allowed:
            raise storage_error(
                403, "Unauthorized", "AccessDenied", "new row violates row-level security policy"
            )

    def _admin(self) -> None:
        self._gateway(SECRET_KEY, PUBLISHABLE_KEY)
        if self._header("apikey") != SECRET_KEY:
            raise auth_error(403, "not_admin", "User not allowed")

    def _header(self, name: str) -> str:
        values = self.headers.get_all(name, [])
        if len(values) != 1:
            raise Outside(f"{len(values)} headers {name}")
        return str(values[0])

    def _json(self, fields: dict[str, type]) -> dict[str, Any]:
        if not self._header("Content-Type").startswith("application/json"):
            raise Outside(f"Content-Type {self._header('Content-Type')}")
        given = json.loads(self.body)
        for name, value in given.items():
            if name not in fields:
                raise Outside(f"unknown field {name}")
            if type(value) is not fields[name]:
                raise Outside(f"{name} is {value!r}")
        return dict(given)

    # Auth ---------------------------------------------------------------------------------------------------

    def _list_users(self) -> Answer:
        if set(self.query) - {"page", "per_page"} or self.body:
            raise Outside("only page and per_page")
        page, size = int(self.query.get("page", 1)), int(self.query.get("per_page", 50))
        if page < 1 or size < 1:
            raise Outside("pages begin at 1")
        latest = sorted(self.project.users, reverse=True, key=lambda id: self.project.users[id]["created_at"])
        chosen = latest[(page - 1) * size : page * size]
        # Users are listed without their identities.
        users = [{**self._user(id), "identities": None} for id in chosen]
        return Answer(200, {"users": users, "aud": "authenticated"})

    def _create_user(self) -> Answer:
        given = self._json(ADMIN_USER_PARAMS)
        email, hash = given["email"], given["password_hash"]
        if not _EMAIL.fullmatch(email) or email != email.lower():
            raise Outside(f"email {email!r}")
        if not _BCRYPT.fullmatch(hash):
            raise Outside(f"password_hash {hash!r}")
        if "password" in given or "phone" in given:
            raise Outside("a password beside its hash, or a phone")
        id = str(UUID(given["id"]))
        if id != given["id"] or UUID(id).int == 0:
            raise Outside(f"id {given['id']!r}")
        if any(user["email"] == email for user in self.project.users.values()):
            message = "A user with this email address has already been registered"
            raise auth_error(422, "email_exists", message)
        if id in self.project.users:  # the primary key says no, and Auth does not say why
            raise auth_error(500, "unexpected_failure", "Database error creating new user")
        self._store_user(given, id if self.project.own_ids else str(uuid4()))
        return Answer(200, self._user(next(reversed(self.project.users))))

    def _store_user(self, given: dict[str, Any], id: str) -> None:
        """What adminUserCreate writes, by the columns of its tables; others have their defaults."""
        now = datetime.now(UTC).isoformat()
        confirmed = now if given.get("email_confirm") else None
        metadata = {**given.get("user_metadata", {}), **({"email_verified": True} if confirmed else {})}
        self.project.users[id] = {
            "instance_id": str(UUID(int=0)),
            "id": id,
            "aud": given.get("aud", "authenticated"),
            "role": given.get("role", "authenticated"),
            "email": given["email"],
            "encrypted_password": given["password_hash"],
            "email_confirmed_at": confirmed,
            "confirmed_at": confirmed,
            "raw_app_meta_data": {
                "provider": "email",
                "providers": ["email"],
                **given.get("app_metadata", {}),
            },
            "raw_user_meta_data": metadata,
            "created_at": now,
            "updated_at": now,
            **dict.fromkeys(_TOKENS, ""),
            "email_change_confirm_status": 0,
            "is_sso_user": False,
            "is_anonymous": False,
        }
        self.project.identities[id] = {
            "id": str(uuid4()),
            "provider_id": id,
            "user_id": id,
            "identity_data": {
                "sub": id,
                "email": given["email"],
                "email_verified": False,
                "phone_verified": False,
            },
            "provider": "email",
            "email": given["email"],
            **dict.fromkeys(("last_sign_in_at", "created_at", "updated_at"), now),
        }

    def _one_user(self, id: str) -> Answer:
        if str(UUID(id)) != id:
            raise Outside(f"id {id!r}")
        if self.method == "DELETE" and self._json({"should_soft_delete": bool})["should_soft_delete"]:
            raise Outside("a soft deletion leaves the user")
        if id not in self.project.users:
            raise auth_error(404, "user_not_found", "User not found")
        if self.method == "GET":
            return Answer(200, self._user(id))
        del self.project.users[id], self.project.identities[id]
        return Answer(200, {})

    def _token(self) -> Answer:
        if self.query != {"grant_type": "password"}:
            raise Outside(f"query {self.query}")
        given = self._json({"email": str, "password": str, "data": dict, "gotrue_meta_security": dict})
        found = [user for user in self.project.users.values() if user["email"] == given["email"].lower()]
        if not found or self.project.passwords.get(found[0]["encrypted_password"]) != given["password"]:
            raise auth_error(400, "invalid_credentials", "Invalid login credentials")
        if not found[0]["email_confirmed_at"]:
            raise auth_error(400, "email_not_confirmed", "Email not confirmed")
        times = {"expires_in": 3600, "expires_at": int(datetime.now(UTC).timestamp()) + 3600}
        user = self._user(found[0]["id"])
        tokens = {
            "access_token": "eyJhbGciOiJIUzI1NiJ9.e30.e30",
            "refresh_token": "r",
            "token_type": "bearer",
        }
        return Answer(200, {**tokens, **times, "user": user})

    def _user(self, id: str) -> dict[str, Any]:
        """A user as GoTrue shows it."""
        row, identity = self.project.users[id], self.project.identities[id]
        shown = (
            "id",
            "aud",
            "role",
            "email",
            "email_confirmed_at",
            "confirmed_at",
            "created_at",
            "updated_at",
        )
        return {
            **{name: row[name] for name in shown if row[name] is not None},
            "phone": "",
            "app_metadata": row["raw_app_meta_data"],
            "user_metadata": row["raw_user_meta_data"],
            "identities": [{**identity, "identity_id": identity["id"], "id": identity["provider_id"]}],
            "is_anonymous": row["is_anonymous"],
        }

    # Storage ------------------------------------------------------------------------------------------------

    def _upload(self, bucket: str, name: str) -> Answer:
        if not _OBJECT_NAME.fullmatch(name):
            raise storage_error(400, "InvalidKey", "InvalidKey", f"Invalid key: {name}")
        if self._header("x-upsert") != "false":
            raise Outside("what is there would be replaced")
        fields = self._form()
        if set(fields) != {"cacheControl", "file"}:
            raise Outside(f"fields {sorted(fields)}")
        file = fields["file"]
        content = file.get_payload(decode=True)
        if not isinstance(content, bytes) or not content:
            raise Outside("an empty file")
        if bucket not in self.project.buckets:
            raise storage_error(404, "Bucket not found", "NoSuchBucket", "Bucket not found")
        if name in self.project.objects:
            raise storage_error(409, "Duplicate", "KeyAlreadyExists", "The resource already exists")
        type = file.get_content_type()
        if type not in self.project.buckets[bucket]:
            words = f"mime type {type} is not supported"
            raise storage_error(415, "invalid_mime_type", "InvalidMimeType", words)
        if len(content) > _MAX_SIZE:
            words = "The object exceeded the maximum allowed size"
            raise storage_error(413, "Payload too large", "EntityTooLarge", words)
        seconds = bytes(fields["cacheControl"].get_payload(decode=True)).decode()
        # The owner is the subject of the token, and the secret key has none.
        self.project.objects[name] = Stored(content, type, f"max-age={int(seconds)}")
        return Answer(200, {"Id": str(uuid4()), "Key": f"{bucket}/{name}"})

    def _download(self, bucket: str, name: str) -> Answer:
        stored = self.project.objects.get(name)
        if bucket not in self.project.buckets or stored is None:
            raise storage_error(404, "not_found", "NoSuchKey", "Object not found")
        return Answer(200, stored.content, {"Content-Type": stored.type})

    def _form(self) -> dict[str, Any]:
        head = f"Content-Type: {self._header('Content-Type')}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + self.body)
        if form.get_content_type() != "multipart/form-data":
            raise Outside(f"Content-Type {form.get_content_type()}")
        return {str(part.get_param("name", header="Content-Disposition")): part for part in form.iter_parts()}

    def _delete_objects(self, bucket: str) -> Answer:
        names = self._json({"prefixes": list})["prefixes"]
        if not 1 <= len(names) <= _MAX_DELETIONS or not all(type(name) is str for name in names):
            raise Outside(f"{len(names)} prefixes")
        if bucket not in self.project.buckets:
            raise storage_error(404, "Bucket not found", "NoSuchBucket", "Bucket not found")
        gone = [name for name in names if self.project.objects.pop(name, None)]
        return Answer(200, [{"name": name, "bucket_id": bucket} for name in gone])
