"""The files of redacted messages are deleted from Storage (the contract server)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from chatctl.api import client as api
from chatctl.services.moderation import files
from tests.support.contract import SECRET_KEY, Project
from tests.support.contract_server import serving
from tests.support.world import World

KIND = "application/pdf"


@pytest.fixture
def project() -> Iterator[Project]:
    with serving(Project(buckets={"attachments": {KIND}})) as project:
        yield project


@pytest.fixture
def path(world: World, project: Project) -> str:
    """The file of a redacted message, in Storage and in its table."""
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    file = uuid4()
    path = f"{organization}/chat/{conversation}/{file}_plan.pdf"
    with world.acting(ann) as conn:
        conn.execute(
            "insert into storage.objects (bucket_id, name, owner_id) values ('attachments', %s, %s)",
            (path, str(ann)),
        )
    with api.connect(project.url, SECRET_KEY) as client:
        client.storage.from_("attachments").upload(path, b"%PDF-1.7", {"content-type": KIND})
    attachment = {"id": str(file), "name": "plan.pdf", "type": KIND, "size": 8, "url": path}
    message = world.value(ann, "select id from send_message(%s, '', %s)", conversation, Jsonb([attachment]))
    world.operator.execute(
        "select moderation.redact_messages(array[%s::uuid], 'ann', 'a secret')", (message,)
    )
    return path


def test_storage_deletes_the_file(world: World, project: Project, path: str) -> None:
    assert list(project.objects) == [path]
    files.delete(world.operator, api.connect(project.url, SECRET_KEY), without_storage=False)
    assert not project.objects
    # The contract server does not know the database; Storage deletes the row as well.
    assert files.waiting(world.operator) == [path]
    assert files.delete(world.operator, nullcontext(), without_storage=True).count == 0


def test_the_owner_of_an_embedded_server_deletes_the_rows(world: World, path: str) -> None:
    world.operator.execute("revoke execute on function private.delete_file_rows() from current_user")
    left = files.delete(world.operator, nullcontext(), without_storage=True)
    assert (left.count, "only its owner" in left.reason) == (1, True)
    assert files.waiting(world.operator) == [path]
