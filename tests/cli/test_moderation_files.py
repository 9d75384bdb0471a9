"""Every command that redacts or purges messages deletes their files from Storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from chatctl.api import client as api
from chatctl.services.moderation import jobs
from chatctl.services.moderation.operators import OperatorAct
from tests.cli.conftest import Result
from tests.support.contract import SECRET_KEY, Fault, Project
from tests.support.contract_server import serving
from tests.support.world import World

Chatctl = Callable[..., Result]
KIND = "application/pdf"
WHY = ("--reason", "a secret", "--actor", "ann")
CONFIRMED = (*WHY, "--confirm", "acme")


@pytest.fixture
def project() -> Iterator[Project]:
    with serving(Project(buckets={"attachments": {KIND}})) as project:
        yield project


@pytest.fixture
def message(world: World, project: Project) -> UUID:
    """A message with a file, which is in Storage and in its table."""
    ann, ben = world.user("ann-meyer"), world.user("ben")
    organization = world.organization(ann, ben, slug="acme")
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
    return UUID(
        str(
            world.value(
                ann, "select id from send_message(%s, 'coins', %s)", conversation, Jsonb([attachment])
            )
        )
    )


@pytest.fixture
def run(chatctl: Chatctl, world: World, project: Project) -> Chatctl:
    def run(*arguments: str, key: str = SECRET_KEY) -> Result:
        env = {"SUPABASE_URL": project.url, "SUPABASE_SECRET_KEY": key}
        return chatctl(*arguments, "--db-url", world.database.url, env=env)

    return run


def waiting(world: World) -> int:
    return int(world.fact("select count(*) from moderation.files_to_delete"))


@pytest.mark.parametrize("verb", ["redact", "purge"])
def test_an_act_deletes_the_files(run: Chatctl, project: Project, message: UUID, verb: str) -> None:
    result = run("message", verb, str(message), *CONFIRMED)
    assert (result.exit_code, project.objects) == (0, {}), result.stderr


@pytest.mark.parametrize("verb", ["redact", "purge"])
def test_applying_a_plan_deletes_the_files(
    run: Chatctl, project: Project, message: UUID, tmp_path: Path, verb: str
) -> None:
    file = str(tmp_path / "plan.json")
    assert run("message", verb, "--text", "coins", "--plan", file, *WHY).exit_code == 0
    assert len(project.objects) == 1
    result = run("apply", file, *CONFIRMED)
    assert (result.exit_code, project.objects) == (0, {}), result.stderr


@pytest.mark.parametrize("verb", ["redact", "purge"])
def test_resuming_a_job_deletes_the_files(
    run: Chatctl, world: World, project: Project, message: UUID, verb: str
) -> None:
    job = jobs.create(
        world.operator, verb, [message], [None], OperatorAct("ann", "a secret"), on_wait=lambda why: None
    )
    result = run("job", "resume", str(job))
    assert (result.exit_code, project.objects) == (0, {}), result.stderr


def test_the_result_is_shown_if_storage_fails(
    run: Chatctl, world: World, project: Project, message: UUID
) -> None:
    project.faults.append(("DELETE", Fault(status=400, body={"message": "out of order"})))
    result = run("message", "redact", str(message), *CONFIRMED, "-o", "json")
    assert (result.exit_code, result.document["done"]) == (0, 1), result.stderr
    assert result.document["action_id"] == 1
    assert "1 file waits to be deleted" in result.stderr
    assert "out of order" in result.stderr
    assert waiting(world) == 1

    again = run("message", "redact", str(message), *CONFIRMED)
    assert (again.exit_code, project.objects) == (0, {}), again.stderr


def test_an_act_that_failed_in_part_deletes_the_files_and_keeps_its_exit_code(
    run: Chatctl, project: Project, message: UUID
) -> None:
    result = run("message", "redact", str(message), str(uuid4()), *CONFIRMED)
    assert (result.exit_code, project.objects) == (6, {}), result.stderr


def test_a_wrong_key_is_the_reason_of_the_note(run: Chatctl, message: UUID) -> None:
    result = run("message", "redact", str(message), *CONFIRMED, key="sb_secret_of-another")
    assert (result.exit_code, "1 done" in result.stdout) == (0, True), result.stderr
    assert "rejects the key" in result.stderr


def test_without_an_api_the_note_names_what_the_target_needs(
    chatctl: Chatctl, world: World, message: UUID
) -> None:
    result = chatctl("message", "redact", str(message), *CONFIRMED, "--db-url", world.database.url)
    assert (result.exit_code, "1 done" in result.stdout) == (0, True), result.stderr
    assert "the target needs api_url and secret_key" in result.stderr
    assert waiting(world) == 1
