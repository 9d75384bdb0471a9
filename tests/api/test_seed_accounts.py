"""Creating the people of a world with the Admin API of Auth, tested against the contract server."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb
from supabase import Client

from chatctl.api import client as api
from chatctl.api import concurrent
from chatctl.db.files import sql_statement
from chatctl.errors import ChatctlError, Conflict, NotAllowed, NotFound
from chatctl.services.seed import accounts
from chatctl.services.seed.people import PASSWORD_HASH
from chatctl.services.seed.rows import Person
from tests.support.admin_api import CREATE, LIST, PEOPLE, create, sign_in
from tests.support.contract import SECRET_KEY, Fault, Project
from tests.support.world import Database

# Creating users ---------------------------------------------------------------------------------------------


def test_every_user_is_created_and_can_sign_in(project: Project, client: Client) -> None:
    assert create(client) == len(PEOPLE) == len(project.users)
    for person in PEOPLE[::20]:
        assert sign_in(project, person) == sign_in(project, person, key=SECRET_KEY) == person.id


# Set by the Admin API: all times are now, and the id of an identity is random.
SET_BY_AUTH = {
    *(("users", name) for name in ("created_at", "updated_at", "email_confirmed_at", "confirmed_at")),
    *(("identities", name) for name in ("id", "created_at", "updated_at", "last_sign_in_at")),
}


def test_users_are_the_same_as_those_created_by_sql(
    database: Database, project: Project, client: Client
) -> None:
    records = [
        {"id": str(p.id), "email": p.email, "full_name": p.full_name, "created_at": p.created_at.isoformat()}
        for p in PEOPLE
    ]
    create(client)

    with database.connect() as conn:
        for name in ("users", "identities"):
            conn.execute(sql_statement(f"seed/{name}"), {"people": Jsonb(records), "password": PASSWORD_HASH})
        made_in_sql = {
            "users": rows(conn, "select to_jsonb(u) from auth.users u order by id"),
            "identities": rows(conn, "select to_jsonb(i) from auth.identities i order by user_id"),
        }

    created_by_api = {"users": project.users, "identities": project.identities}
    differences = [
        (table, column, in_sql, through_api)
        for table, people in made_in_sql.items()
        for row in people
        for column, in_sql in row.items()
        for through_api in [created_by_api[table][row["id" if table == "users" else "user_id"]].get(column)]
        if in_sql != through_api
        and ((table, column) not in SET_BY_AUTH or (in_sql is None) != (through_api is None))
    ]
    assert differences == []


def rows(conn: psycopg.Connection[Any], statement: str) -> list[dict[str, Any]]:
    return [row for (row,) in conn.execute(statement.encode())]


def test_progress_starts_from_the_users_that_exist(client: Client) -> None:
    progress: list[int] = []
    create(client, PEOPLE[:5], on_created=progress.append)
    create(client, PEOPLE[:9], on_created=progress.append)
    assert progress == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]


def test_several_users_are_created_at_once(project: Project, client: Client) -> None:
    project.delay = 0.02
    create(client)
    assert 1 < project.at_once <= concurrent.AT_ONCE


# Repeated and interrupted runs ------------------------------------------------------------------------------


def test_a_second_run_creates_nothing(project: Project, client: Client) -> None:
    create(client)
    assert create(client) == 0
    assert project.count(CREATE) == len(PEOPLE)


def test_an_interrupted_run_is_completed(project: Project, client: Client) -> None:
    class Killed(Exception): ...

    def kill(there: int) -> None:
        if there == 10:
            raise Killed

    with pytest.raises(Killed):
        create(client, on_created=kill)
    half = dict(project.users)

    assert 10 <= len(half) < len(PEOPLE)
    assert create(client) == len(PEOPLE) - len(half)
    assert half.items() <= project.users.items()
    assert project.count(CREATE) == len(PEOPLE)


def test_two_concurrent_runs_both_succeed(project: Project) -> None:
    created: list[int] = []

    def run() -> None:
        with api.connect(project.url, SECRET_KEY) as client:
            created.append(create(client))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(created) == len(project.users) == len(PEOPLE)


def test_other_users_are_read_page_by_page_and_left_unchanged(
    project: Project, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_users = [stranger(number) for number in range(7)]
    create(client, other_users)
    monkeypatch.setattr(accounts, "_PAGE", 3)
    create(client, PEOPLE[:2])

    assert create(client, PEOPLE[:2]) == 0
    assert project.count(LIST) == 1 + 3 + 4
    assert {str(person.id) for person in other_users} < set(project.users)


def stranger(number: int = 0) -> Person:
    now = datetime.now(UTC)
    return Person(UUID(int=number + 1), f"stranger{number}@example.test", "A Stranger", "A", now)


# Conflicts and errors ---------------------------------------------------------------------------------------


def test_an_email_of_another_user_is_named_before_anything_is_created(
    project: Project, client: Client
) -> None:
    create(client, [replace(PEOPLE[3], id=UUID(int=77))])

    with pytest.raises(Conflict, match=f"{PEOPLE[3].email} belongs to user {UUID(int=77)}"):
        create(client)
    assert project.count(CREATE) == 1


def test_an_id_of_another_user_is_named_before_anything_is_created(project: Project, client: Client) -> None:
    create(client, [replace(PEOPLE[3], email="somebody@else.test")])

    with pytest.raises(Conflict, match=f"user {PEOPLE[3].id} has somebody@else.test"):
        create(client)
    assert project.count(CREATE) == 1


def test_only_a_few_of_many_conflicting_users_are_named(client: Client) -> None:
    create(client, [replace(person, id=UUID(int=n + 1)) for n, person in enumerate(PEOPLE)])

    with pytest.raises(Conflict, match=f"; and {len(PEOPLE) - 5} more$"):
        create(client)


def test_an_email_that_is_taken_during_the_run_is_named(project: Project, client: Client) -> None:
    def take(there: int) -> None:
        if there == 0:
            create(client, [replace(PEOPLE[5], id=UUID(int=77))])

    with pytest.raises(Conflict, match=f"{PEOPLE[5].email} belongs to another user"):
        create(client, on_created=take)


def test_an_auth_server_that_ignores_ids_is_reported(project: Project, client: Client) -> None:
    project.own_ids = False

    with pytest.raises(Conflict, match="with a different id"):
        create(client, PEOPLE[:1])
    assert project.users == {}


def test_an_api_without_user_management_is_reported(project: Project, client: Client) -> None:
    project.will(Fault(404, body={"message": "no Route matched with those values"}), on=LIST)

    with pytest.raises(NotFound, match="no Auth Admin API"):
        create(client)


def test_errors_of_auth_are_passed_on(project: Project, client: Client) -> None:
    error_body = {"code": "validation_failed", "message": "Unable to validate email address: invalid format"}
    project.will(Fault(400, body=error_body), on=CREATE)

    with pytest.raises(ChatctlError, match=f"{PEOPLE[0].email} was not created.*400.*invalid format"):
        create(client, PEOPLE[:1])


# Deleting users ---------------------------------------------------------------------------------------------


def test_only_the_seeded_users_are_deleted(project: Project, client: Client) -> None:
    create(client, [*PEOPLE[:5], stranger()])

    assert accounts.delete(client, [person.id for person in PEOPLE]) == 5
    assert accounts.delete(client, [person.id for person in PEOPLE]) == 0
    assert set(project.users) == {str(stranger().id)}


# Signing in -------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_reported_as_such(project: Project, client: Client) -> None:
    create(client, PEOPLE[:1])

    with pytest.raises(NotAllowed, match=f"^{PEOPLE[0].email} cannot sign in: Invalid login credentials$"):
        sign_in(project, PEOPLE[0], "chatctl-wrong")


def test_an_unknown_user_cannot_sign_in(project: Project) -> None:
    with pytest.raises(NotAllowed, match="Invalid login credentials"):
        sign_in(project, stranger())


def test_an_unconfirmed_email_cannot_sign_in(project: Project, client: Client) -> None:
    create(client, PEOPLE[:1])
    project.users[str(PEOPLE[0].id)]["email_confirmed_at"] = None

    with pytest.raises(NotAllowed, match="Email not confirmed"):
        sign_in(project, PEOPLE[0])


@pytest.mark.parametrize("body", [{}, [], {"access_token": "x", "user": {"id": "me"}}, {"user": {}}])
def test_an_answer_without_a_session_is_not_a_sign_in(project: Project, body: Any) -> None:
    project.will(Fault(200, body=body))

    with pytest.raises(NotAllowed, match="has no session"):
        sign_in(project, PEOPLE[0])
