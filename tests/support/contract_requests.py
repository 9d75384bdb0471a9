"""The requests that the contract server understands: checks and answers of Auth and Storage."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID, uuid4

from tests.support.contract import (
    PUBLISHABLE_KEY,
    SECRET_KEY,
    Answer,
    ContractViolation,
    Project,
    Stored,
    auth_error,
    storage_error,
)

# AdminUserParams of GoTrue, and the JSON that Go reads into each.
ADMIN_USER_PARAMS: dict[str, type] = {
    **dict.fromkeys(
        ("id", "aud", "role", "email", "phone", "password", "password_hash", "ban_duration"), str
    ),
    **dict.fromkeys(("email_confirm", "phone_confirm"), bool),
    **dict.fromkeys(("user_metadata", "app_metadata"), dict),
}
_BCRYPT = re.compile(r"\$2[ab]\$(0[5-9]|10)\$[./A-Za-z0-9]{53}")  # a cost that GoTrue does not rehash
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
class ContractRequest:
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
        raise ContractViolation("no such route")

    # Authorization ------------------------------------------------------------------------------------------

    def _gateway(self, *allowed: str) -> None:
        key = self._header("apikey")
        if self._header("Authorization") != f"Bearer {key}":
            raise ContractViolation("Authorization is not the API key's")
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
            raise ContractViolation(f"{len(values)} headers {name}")
        return str(values[0])

    def _json(self, fields: dict[str, type]) -> dict[str, Any]:
        if not self._header("Content-Type").startswith("application/json"):
            raise ContractViolation(f"Content-Type {self._header('Content-Type')}")
        fields_given = json.loads(self.body)
        for name, value in fields_given.items():
            if name not in fields:
                raise ContractViolation(f"unknown field {name}")
            if type(value) is not fields[name]:
                raise ContractViolation(f"{name} is {value!r}")
        return dict(fields_given)

    # Auth ---------------------------------------------------------------------------------------------------

    def _list_users(self) -> Answer:
        if set(self.query) - {"page", "per_page"} or self.body:
            raise ContractViolation("only page and per_page")
        page, size = int(self.query.get("page", 1)), int(self.query.get("per_page", 50))
        if page < 1 or size < 1:
            raise ContractViolation("pages begin at 1")
        latest = sorted(self.project.users, reverse=True, key=lambda id: self.project.users[id]["created_at"])
        chosen = latest[(page - 1) * size : page * size]
        # The list of users does not contain their identities.
        users = [{**self._user(id), "identities": None} for id in chosen]
        return Answer(200, {"users": users, "aud": "authenticated"})

    def _create_user(self) -> Answer:
        params = self._json(ADMIN_USER_PARAMS)
        email, hash = params["email"], params["password_hash"]
        if not _EMAIL.fullmatch(email) or email != email.lower():
            raise ContractViolation(f"email {email!r}")
        if not _BCRYPT.fullmatch(hash):
            raise ContractViolation(f"password_hash {hash!r}")
        if "password" in params or "phone" in params:
            raise ContractViolation("a password beside its hash, or a phone")
        id = str(UUID(params["id"]))
        if id != params["id"] or UUID(id).int == 0:
            raise ContractViolation(f"id {params['id']!r}")
        if any(user["email"] == email for user in self.project.users.values()):
            message = "A user with this email address has already been registered"
            raise auth_error(422, "email_exists", message)
        if id in self.project.users:  # violates the primary key; Auth does not give the reason
            raise auth_error(500, "unexpected_failure", "Database error creating new user")
        self._store_user(params, id if self.project.own_ids else str(uuid4()))
        return Answer(200, self._user(next(reversed(self.project.users))))

    def _store_user(self, params: dict[str, Any], id: str) -> None:
        """Store what adminUserCreate writes, by table columns; other columns have their defaults."""
        now = datetime.now(UTC).isoformat()
        confirmed = now if params.get("email_confirm") else None
        metadata = {**params.get("user_metadata", {}), **({"email_verified": True} if confirmed else {})}
        self.project.users[id] = {
            "instance_id": str(UUID(int=0)),
            "id": id,
            "aud": params.get("aud", "authenticated"),
            "role": params.get("role", "authenticated"),
            "email": params["email"],
            "encrypted_password": params["password_hash"],
            "email_confirmed_at": confirmed,
            "confirmed_at": confirmed,
            "raw_app_meta_data": {
                "provider": "email",
                "providers": ["email"],
                **params.get("app_metadata", {}),
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
                "email": params["email"],
                "email_verified": False,
                "phone_verified": False,
            },
            "provider": "email",
            "email": params["email"],
            **dict.fromkeys(("last_sign_in_at", "created_at", "updated_at"), now),
        }

    def _one_user(self, id: str) -> Answer:
        if str(UUID(id)) != id:
            raise ContractViolation(f"id {id!r}")
        if self.method == "DELETE" and self._json({"should_soft_delete": bool})["should_soft_delete"]:
            raise ContractViolation("a soft deletion leaves the user")
        if id not in self.project.users:
            raise auth_error(404, "user_not_found", "User not found")
        if self.method == "GET":
            return Answer(200, self._user(id))
        del self.project.users[id], self.project.identities[id]
        return Answer(200, {})

    def _token(self) -> Answer:
        if self.query != {"grant_type": "password"}:
            raise ContractViolation(f"query {self.query}")
        params = self._json({"email": str, "password": str, "data": dict, "gotrue_meta_security": dict})
        users = [user for user in self.project.users.values() if user["email"] == params["email"].lower()]
        if not users or self.project.passwords.get(users[0]["encrypted_password"]) != params["password"]:
            raise auth_error(400, "invalid_credentials", "Invalid login credentials")
        if not users[0]["email_confirmed_at"]:
            raise auth_error(400, "email_not_confirmed", "Email not confirmed")
        times = {"expires_in": 3600, "expires_at": int(datetime.now(UTC).timestamp()) + 3600}
        user = self._user(users[0]["id"])
        tokens = {
            "access_token": "eyJhbGciOiJIUzI1NiJ9.e30.e30",
            "refresh_token": "r",
            "token_type": "bearer",
        }
        return Answer(200, {**tokens, **times, "user": user})

    def _user(self, id: str) -> dict[str, Any]:
        """A user as returned by GoTrue."""
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
            raise ContractViolation("what is there would be replaced")
        fields = self._form()
        if set(fields) != {"cacheControl", "file"}:
            raise ContractViolation(f"fields {sorted(fields)}")
        file = fields["file"]
        content = file.get_payload(decode=True)
        if not isinstance(content, bytes) or not content:
            raise ContractViolation("an empty file")
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
        # The owner is the subject of the token; the secret key has none.
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
            raise ContractViolation(f"Content-Type {form.get_content_type()}")
        return {str(part.get_param("name", header="Content-Disposition")): part for part in form.iter_parts()}

    def _delete_objects(self, bucket: str) -> Answer:
        names = self._json({"prefixes": list})["prefixes"]
        if not 1 <= len(names) <= _MAX_DELETIONS or not all(type(name) is str for name in names):
            raise ContractViolation(f"{len(names)} prefixes")
        if bucket not in self.project.buckets:
            raise storage_error(404, "Bucket not found", "NoSuchBucket", "Bucket not found")
        deleted = [name for name in names if self.project.objects.pop(name, None)]
        return Answer(200, [{"name": name, "bucket_id": bucket} for name in deleted])
