"""Uploading the files of a world to Storage (the contract server), and validating them with the backend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from supabase import Client

from chatctl.api import bucket, concurrent
from chatctl.api import client as api
from chatctl.errors import Conflict, NotAllowed, Unavailable
from chatctl.services.seed import corpus, files
from chatctl.services.seed.rows import Attachment, StoredFile
from chatctl.services.seed.upload import upload
from tests.support.contract import PUBLISHABLE_KEY, SECRET_KEY, Fault, Project
from tests.support.contract_server import serving
from tests.support.edge_functions import TOKEN, needs_deno
from tests.support.edge_functions import serving as serving_function

KINDS = {kind for _, kind in corpus.FILES}
UPLOAD = "POST /storage/v1/object/attachments/"
CUT = Fault()


def stored(number: int) -> StoredFile:
    """A file like those of seeded messages; consecutive numbers give different types."""
    name, kind = corpus.FILES[number % len(corpus.FILES)]
    id = UUID(int=number)
    safe = "".join(c if c.isascii() else "_" for c in name)
    size = len(files.content(name, kind))
    url = f"{UUID(int=1)}/chat/{UUID(int=2)}/{id}_{safe}"
    attachment = Attachment(id=str(id), name=name, type=kind, size=size, url=url)
    return StoredFile(attachment, UUID(int=3), datetime(2026, 1, 14, tzinfo=UTC))


FILES = [stored(number) for number in range(3 * len(corpus.FILES))]
PATHS = [file.attachment["url"] for file in FILES]


@pytest.fixture
def project() -> Iterator[Project]:
    with serving(Project(buckets={"attachments": KINDS})) as project:
        yield project


@pytest.fixture
def client(project: Project) -> Iterator[Client]:
    with api.connect(project.url, SECRET_KEY, patience=20) as client:
        yield client


def test_every_file_is_stored_with_its_name_type_and_size(project: Project, client: Client) -> None:
    progress: list[int] = []

    assert upload(client, iter(FILES), on_uploaded=progress.append) == len(FILES)

    assert progress == list(range(1, len(FILES) + 1))
    assert set(project.objects) == set(PATHS)
    for file in FILES:
        object = project.objects[file.attachment["url"]]
        assert (object.type, len(object.content)) == (file.attachment["type"], file.attachment["size"])
        # The same metadata as in the rows that replace files if there is no Storage.
        assert object.cache_control == "max-age=3600"


def test_several_files_are_uploaded_at_once(project: Project, client: Client) -> None:
    project.delay = 0.02
    upload(client, FILES)
    assert 1 < project.at_once <= concurrent.AT_ONCE


def test_files_that_exist_are_kept(project: Project, client: Client) -> None:
    upload(client, FILES[:10])
    existing = dict(project.objects)
    progress: list[int] = []

    assert upload(client, FILES, on_uploaded=progress.append) == len(FILES) - 10

    assert max(progress) == len(FILES)
    assert all(project.objects[path] is object for path, object in existing.items())


def test_with_nothing_to_upload_no_request_is_sent(project: Project, client: Client) -> None:
    assert upload(client, []) == bucket.remove(client, []) == 0
    assert project.requests == []


BUSY = {"statusCode": "429", "error": "too_many_connections", "code": "SlowDown", "message": "Too many"}
LOCKED = {"statusCode": "503", "error": "acquiring_lock_timeout", "code": "LockTimeout", "message": "lock"}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(429, body=BUSY), id="429"),
        pytest.param(Fault(400, body=LOCKED), id="400 that says 503"),
        pytest.param(Fault(500, body={"statusCode": "500", "error": "Internal", "message": "x"}), id="500"),
        pytest.param(CUT, id="cut"),
        pytest.param(Fault(after=True), id="cut after it was done"),
    ],
)
def test_temporary_errors_are_retried(project: Project, client: Client, fault: Fault) -> None:
    project.will(fault, times=3, on=UPLOAD)

    upload(client, FILES)

    assert set(project.objects) == set(PATHS)
    assert project.faults == []


def test_retries_end_after_a_time_limit(project: Project) -> None:
    project.will(CUT, times=1000, on=UPLOAD)

    with api.connect(project.url, SECRET_KEY, patience=0.3) as client, pytest.raises(Unavailable):
        upload(client, FILES)
    assert project.objects == {}


@pytest.mark.parametrize("act", [lambda c: upload(c, FILES), lambda c: bucket.remove(c, PATHS)])
def test_a_missing_bucket_names_the_command_to_run(project: Project, client: Client, act: Any) -> None:
    project.buckets.clear()

    with pytest.raises(Conflict, match="no bucket attachments") as refused:
        act(client)
    assert "chatctl migrate" in (refused.value.hint or "")


def test_the_publishable_key_is_refused(project: Project) -> None:
    with api.connect(project.url, PUBLISHABLE_KEY) as client, pytest.raises(NotAllowed, match="row-level"):
        upload(client, FILES[:1])


def test_errors_of_storage_are_passed_on(project: Project, client: Client) -> None:
    project.buckets["attachments"] = {"text/plain"}

    with pytest.raises(api.ApiRefused, match="answers 415: mime type application/pdf is not supported"):
        upload(client, FILES[:1])
    with pytest.raises(api.ApiRefused, match="Invalid key"):
        name = FILES[0].attachment["url"] + "é"
        upload(client, [replace(FILES[0], attachment={**FILES[0].attachment, "url": name})])


def test_only_uploaded_files_are_removed(
    project: Project, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, FILES)
    monkeypatch.setattr(bucket, "_PER_REQUEST", 10)

    assert bucket.remove(client, PATHS[1:]) == len(FILES) - 1
    assert bucket.remove(client, PATHS[1:]) == 0
    assert set(project.objects) == {PATHS[0]}


@needs_deno
def test_the_backend_accepts_every_file_as_its_declared_type() -> None:
    with serving_function("validate-attachment") as url, httpx.Client(headers=TOKEN, timeout=30) as client:
        for name, kind in corpus.FILES:
            content = files.content(name, kind)
            answer = client.post(url, files={"file": (name, content, kind)})
            assert answer.json() == {"valid": True, "type": kind, "size": len(content)}
