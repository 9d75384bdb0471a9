"""The people of a world as Auth's Admin API makes them, tried against the contract server."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from psycopg.types.json import Jsonb
from supabase import Client

from chatctl.api import client as api
from chatctl.api import concurrent
from chatctl.db.files import query
from chatctl.errors import ChatctlError, Conflict, Invalid, NotAllowed, NotFound, Unavailable
from chatctl.services.seed import accounts
from chatctl.services.seed.outline import build
from chatctl.services.seed.people import PASSWORD, PASSWORD_HASH
from chatctl.services.seed.rows import Person
from chatctl.services.seed.spec import DEMO
from chatctl.waiting import until
from tests.support.contract import PUBLISHABLE_KEY, SECRET_KEY, Fault, Project, serving
from tests.support.world import Database

PEOPLE = build(DEMO).people
CREATE = "POST /auth/v1/admin/users"
LIST = "GET /auth/v1/admin/users?"
CUT = Fault()
BUSY = Fault(429, body={"code": "over_request_rate_limit", "message": "Request rate limit reached"})
BROKEN = Fault(500, body={"code": "unexpected_failure", "message": "Database error creating new user"})


@pytest.fixture
def project() -> Iterator[Project]:
    with serving(Project(passwords={PASSWORD_HASH: PASSWORD})) as project:
        yield project


@pytest.fixture
def client(project: Project) -> Iterator[Client]:
    with api.connect(project.url, SECRET_KEY, patience=20) as client:
        yield client


def create(client: Client, people: list[Person] = PEOPLE, **options: Any) -> int:
    return accounts.create(client, people, password_hash=PASSWORD_HASH, **options)


def sign_in(project: Project, person: Person, password: str = PASSWORD, key: str = PUBLISHABLE_KEY) -> UUID:
    return accounts.sign_in(project.url, key, person.email, password)


# What is made -----------------------------------------------------------------------------------------------


def test_everybody_is_made_and_can_sign_in(project: Project, client: Client) -> None:
    assert create(client) == len(PEOPLE) == len(project.users)
    for person in PEOPLE[::20]:
        assert sign_in(project, person) == sign_in(project, person, key=SECRET_KEY) == person.id


# What the Admin API decides: everything happens now, and an identity's id is random.
NOT_TOLD = {
    *(("users", name) for name in ("created_at", "updated_at", "email_confirmed_at", "confirmed_at")),
    *(("identities", name) for name in ("id", "created_at", "updated_at", "last_sign_in_at")),
}


def test_users_are_those_that_sql_makes(database: Database, project: Project, client: Client) -> None:
    records = [
        {"id": str(p.id), "email": p.email, "full_name": p.full_name, "created_at": p.created_at.isoformat()}
        for p in PEOPLE
    ]
    create(client)

    with database.connect() as conn:
        for name in ("users", "identities"):
            conn.execute(query(f"seed/{name}"), {"people": Jsonb(records), "password": PASSWORD_HASH})
        made_in_sql = {
            "users": rows(conn, "select to_jsonb(u) from auth.users u order by id"),
            "identities": rows(conn, "select to_jsonb(i) from auth.identities i order by user_id"),
        }

    made = {"users": project.users, "identities": project.identities}
    differences = [
        (table, column, in_sql, through_api)
        for table, people in made_in_sql.items()
        for row in people
        for column, in_sql in row.items()
        for through_api in [made[table][row["id" if table == "users" else "user_id"]].get(column)]
        if in_sql != through_api
        and ((table, column) not in NOT_TOLD or (in_sql is None) != (through_api is None))
    ]
    assert differences == []


def rows(conn: psycopg.Connection[Any], statement: str) -> list[dict[str, Any]]:
    return [row for (row,) in conn.execute(statement.encode())]


def test_progress_is_told_from_what_was_there(client: Client) -> None:
    told: list[int] = []
    create(client, PEOPLE[:5], on_made=told.append)
    create(client, PEOPLE[:9], on_made=told.append)
    assert told == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]


def test_a_few_are_made_at_once(project: Project, client: Client) -> None:
    project.delay = 0.02
    create(client)
    assert 1 < project.at_once <= concurrent.AT_ONCE


# Again, and after an interruption ---------------------------------------------------------------------------


def test_a_second_run_makes_nothing(project: Project, client: Client) -> None:
    create(client)
    assert create(client) == 0
    assert project.count(CREATE) == len(PEOPLE)


def test_a_run_that_broke_off_is_completed(project: Project, client: Client) -> None:
    class Killed(Exception): ...

    def kill(there: int) -> None:
        if there == 10:
            raise Killed

    with pytest.raises(Killed):
        create(client, on_made=kill)
    half = dict(project.users)

    assert 10 <= len(half) < len(PEOPLE)
    assert create(client) == len(PEOPLE) - len(half)
    assert half.items() <= project.users.items()
    assert project.count(CREATE) == len(PEOPLE)


def test_of_two_runs_at_once_both_end_well(project: Project) -> None:
    made: list[int] = []

    def run() -> None:
        with api.connect(project.url, SECRET_KEY) as client:
            made.append(create(client))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(made) == len(project.users) == len(PEOPLE)


def test_other_users_are_read_page_by_page_and_left_alone(
    project: Project, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [stranger(number) for number in range(7)]
    create(client, others)
    monkeypatch.setattr(accounts, "_PAGE", 3)
    create(client, PEOPLE[:2])

    assert create(client, PEOPLE[:2]) == 0
    assert project.count(LIST) == 1 + 3 + 4
    assert {str(person.id) for person in others} < set(project.users)


def stranger(number: int = 0) -> Person:
    now = datetime.now(UTC)
    return Person(UUID(int=number + 1), f"stranger{number}@example.test", "A Stranger", "A", now)


# What is in the way -----------------------------------------------------------------------------------------


def test_an_address_of_another_user_is_named_before_anything_is_made(
    project: Project, client: Client
) -> None:
    create(client, [replace(PEOPLE[3], id=UUID(int=77))])

    with pytest.raises(Conflict, match=f"{PEOPLE[3].email} belongs to user {UUID(int=77)}"):
        create(client)
    assert project.count(CREATE) == 1


def test_an_id_of_another_user_is_named_before_anything_is_made(project: Project, client: Client) -> None:
    create(client, [replace(PEOPLE[3], email="somebody@else.test")])

    with pytest.raises(Conflict, match=f"user {PEOPLE[3].id} has somebody@else.test"):
        create(client)
    assert project.count(CREATE) == 1


def test_of_many_in_the_way_a_few_are_named(client: Client) -> None:
    create(client, [replace(person, id=UUID(int=n + 1)) for n, person in enumerate(PEOPLE)])

    with pytest.raises(Conflict, match=f"; and {len(PEOPLE) - 5} more$"):
        create(client)


def test_an_address_that_is_taken_meanwhile_is_named(project: Project, client: Client) -> None:
    def take(there: int) -> None:
        if there == 0:
            create(client, [replace(PEOPLE[5], id=UUID(int=77))])

    with pytest.raises(Conflict, match=f"{PEOPLE[5].email} belongs to another user"):
        create(client, on_made=take)


def test_an_auth_that_passes_over_ids_is_told_of(project: Project, client: Client) -> None:
    project.own_ids = False

    with pytest.raises(Conflict, match="under an id of its own"):
        create(client, PEOPLE[:1])
    assert project.users == {}


def test_an_api_without_users_to_manage_is_told_of(project: Project, client: Client) -> None:
    project.will(Fault(404, body={"message": "no Route matched with those values"}), on=LIST)

    with pytest.raises(NotFound, match="no Admin API"):
        create(client)


def test_what_auth_refuses_is_passed_on(project: Project, client: Client) -> None:
    said = {"code": "validation_failed", "message": "Unable to validate email address: invalid format"}
    project.will(Fault(400, body=said), on=CREATE)

    with pytest.raises(ChatctlError, match=f"{PEOPLE[0].email} was not made.*400.*invalid format"):
        create(client, PEOPLE[:1])


# Deleting ---------------------------------------------------------------------------------------------------


def test_the_people_are_deleted_and_nobody_else(project: Project, client: Client) -> None:
    create(client, [*PEOPLE[:5], stranger()])

    assert accounts.delete(client, [person.id for person in PEOPLE]) == 5
    assert accounts.delete(client, [person.id for person in PEOPLE]) == 0
    assert set(project.users) == {str(stranger().id)}


# Signing in -------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_said_to_be_one(project: Project, client: Client) -> None:
    create(client, PEOPLE[:1])

    with pytest.raises(NotAllowed, match=f"^{PEOPLE[0].email} cannot sign in: Invalid login credentials$"):
        sign_in(project, PEOPLE[0], "chatctl-wrong")


def test_somebody_unknown_cannot_sign_in(project: Project) -> None:
    with pytest.raises(NotAllowed, match="Invalid login credentials"):
        sign_in(project, stranger())


def test_an_address_that_was_not_confirmed_cannot_sign_in(project: Project, client: Client) -> None:
    create(client, PEOPLE[:1])
    project.users[str(PEOPLE[0].id)]["email_confirmed_at"] = None

    with pytest.raises(NotAllowed, match="Email not confirmed"):
        sign_in(project, PEOPLE[0])


@pytest.mark.parametrize("body", [{}, [], {"access_token": "x", "user": {"id": "me"}}, {"user": {}}])
def test_an_answer_without_a_session_is_no_sign_in(project: Project, body: Any) -> None:
    project.will(Fault(200, body=body))

    with pytest.raises(NotAllowed, match="without a session"):
        sign_in(project, PEOPLE[0])


# Patience ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [CREATE, LIST])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(BUSY, id="429"),
        pytest.param(BROKEN, id="500"),
        pytest.param(
            Fault(502, headers={"Content-Type": "text/html"}, body=b"<h1>Bad gateway</h1>"), id="502"
        ),
        pytest.param(Fault(522, body=b""), id="522"),
        pytest.param(CUT, id="cut"),
        pytest.param(Fault(after=True), id="cut after it was done"),
        pytest.param(replace(BROKEN, after=True), id="500 after it was done"),
    ],
)
def test_what_may_work_later_is_tried_again(project: Project, client: Client, fault: Fault, on: str) -> None:
    project.will(fault, times=2, on=on)

    create(client, PEOPLE[:3])

    assert set(project.users) == {str(person.id) for person in PEOPLE[:3]}
    assert project.faults == []


def test_the_server_says_when_to_come_again(project: Project, client: Client) -> None:
    project.will(replace(BUSY, headers={"Retry-After": "1"}), on=CREATE)
    start = time.monotonic()

    create(client, PEOPLE[:1])

    assert time.monotonic() - start > 1


def test_patience_ends(project: Project) -> None:
    project.will(BROKEN, times=1000, on=CREATE)

    with (
        api.connect(project.url, SECRET_KEY, patience=0.5) as client,
        pytest.raises(Unavailable, match=r"after \d tries: 500 Database error creating new user"),
    ):
        create(client, PEOPLE[:1])


def test_what_will_not_change_is_not_tried_again(project: Project) -> None:
    with api.connect(project.url, "sb_secret_of-another-project") as client, pytest.raises(NotAllowed):
        create(client)
    assert project.asked == [f"{LIST}page=1&per_page=1000"]


def test_no_server_is_temporary() -> None:
    with socket.socket() as closed:  # bound and not listening: a port that refuses
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with (
            api.connect(f"http://127.0.0.1:{port}", SECRET_KEY, patience=0.3) as client,
            pytest.raises(Unavailable, match=f"the API at 127.0.0.1:{port} .* refused") as failed,
        ):
            create(client)
    assert failed.value.exit_code == 8


def test_closing_ends_patience(project: Project) -> None:
    project.will(BROKEN, times=1000, on=LIST)
    errors: list[BaseException] = []

    def run(client: Client) -> None:
        try:
            create(client)
        except Unavailable as error:
            errors.append(error)

    with api.connect(project.url, SECRET_KEY) as client:
        thread = threading.Thread(target=run, args=(client,))
        thread.start()
        assert until(lambda: project.count(LIST) >= 2, seconds=5)
    thread.join(timeout=5)

    assert not thread.is_alive()
    assert len(errors) == 1


def test_ctrl_c_does_not_wait_for_what_is_tried_again(project: Project) -> None:
    project.will(BROKEN, times=1000, on=LIST)
    start = time.monotonic()

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), api.connect(project.url, SECRET_KEY) as client:
        concurrent.for_each(lambda page: page and client.auth.admin.list_users(page), [1, 2, 3, 0], interrupt)
    assert time.monotonic() - start < 5


# Addresses and keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "127.0.0.1:54321",
            "ftp://127.0.0.1",
            "postgresql://127.0.0.1/postgres",
            "https://",
            "http://[::1",
        ),
        *("http://127.0.0.1:port", "http://127.0.0.1/?a=b", "http://127.0.0.1/#a"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="api_url"), api.connect(url, SECRET_KEY):
        pass


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    for url in (
        "http://operator:open-sesame@127.0.0.1",
        "http://operator:a@open-sesame@127.0.0.1",
        "http://operator:a/open-sesame@127.0.0.1",
        "http://operator:open-sesame",
        "open-sesame",
    ):
        with pytest.raises(Invalid, match="api_url") as refused, api.connect(url, SECRET_KEY):
            pass
        assert "open-sesame" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "clé"])
def test_what_is_no_key_is_refused_without_showing_it(key: str) -> None:
    with (
        pytest.raises(Invalid, match="the key for localhost") as refused,
        api.connect("http://localhost", key),
    ):
        pass
    assert not key or key not in str(refused.value)


def test_the_publishable_key_is_not_enough(project: Project) -> None:
    with api.connect(project.url, PUBLISHABLE_KEY) as client, pytest.raises(NotAllowed) as refused:
        create(client)
    assert (refused.value.exit_code, "secret key" in str(refused.value.hint)) == (4, True)


def test_a_page_is_not_taken_for_an_answer(project: Project, client: Client) -> None:
    project.will(Fault(200, headers={"Content-Type": "text/html"}, body=b"<h1>Welcome</h1>"), on=LIST)

    with pytest.raises(Invalid, match="address of a Supabase project"):
        create(client)


def test_what_cannot_be_read_is_not_quoted(project: Project) -> None:
    project.will(Fault(200, body={"users": [{"id": "eyJ.a.token"}]}), on=LIST)

    with (
        pytest.raises(Invalid, match="another shape than Supabase") as refused,
        api.connect(project.url, SECRET_KEY) as client,
    ):
        create(client)
    assert "token" not in "".join(traceback.format_exception(refused.value))


def test_an_address_may_end_with_a_slash(project: Project) -> None:
    with api.connect(f"{project.url}/", SECRET_KEY) as client:
        assert create(client, PEOPLE[:1]) == 1
    assert accounts.sign_in(f"{project.url}/", SECRET_KEY, PEOPLE[0].email, PASSWORD) == PEOPLE[0].id


def test_a_key_does_not_follow_a_redirect(project: Project, client: Client) -> None:
    project.will(Fault(301, headers={"Location": "https://elsewhere.test/auth/v1/admin/users"}), on=LIST)

    with pytest.raises(Invalid, match=r"sends us on to https://elsewhere\.test:"):
        create(client)


def test_a_proxy_is_not_asked_for_the_loopback(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with api.connect(project.url, SECRET_KEY, patience=1) as client:
        assert create(client, PEOPLE[:1]) == 1


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS for 127.0.0.1, and the certificate that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = tmp_path / "certificate.pem"
    path.write_bytes(certificate.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, tmp_path / "key.pem")
    return context, path


def test_https_works_where_the_certificate_is_trusted(
    certified: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = certified
    with serving(Project(passwords={PASSWORD_HASH: PASSWORD}), context) as project:
        with (
            api.connect(project.url, SECRET_KEY, patience=0.3) as client,
            pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            create(client)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with api.connect(project.url, SECRET_KEY) as client:
            assert create(client) == len(PEOPLE)
        assert sign_in(project, PEOPLE[0]) == PEOPLE[0].id


# Secrets ----------------------------------------------------------------------------------------------------


def test_no_secret_is_in_a_message_or_a_log(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for key in (SECRET_KEY, "self-made-and-opaque"):
        echo = {"code": "unexpected_failure", "message": f"no such key: {key}"}
        for status in (400, 401, 500):
            project.will(Fault(status, body=echo), on=LIST)
            with api.connect(project.url, key, patience=0) as client, pytest.raises(ChatctlError) as failed:
                create(client)
            said += [repr(failed.value.__cause__), *traceback.format_exception(failed.value)]
    with api.connect(project.url, SECRET_KEY) as client:
        create(client, PEOPLE[:1])
    sign_in(project, PEOPLE[0])

    everything = "\n".join([caplog.text, *said])
    assert "no such key" in everything
    assert "/auth/v1/admin/users" in everything
    for secret in (SECRET_KEY, "self-made-and-opaque", PUBLISHABLE_KEY, PASSWORD, PASSWORD_HASH):
        assert secret not in everything
