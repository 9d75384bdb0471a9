"""The client of a project's API: what it retries, which URLs and keys it accepts, what it keeps secret."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from supabase import Client

from chatctl.api import client as api
from chatctl.api import concurrent
from chatctl.errors import ChatctlError, Invalid, NotAllowed, Unavailable
from chatctl.services.seed import accounts
from chatctl.services.seed.people import PASSWORD, PASSWORD_HASH
from chatctl.waiting import until
from tests.support.admin_api import BROKEN, BUSY, CREATE, CUT, LIST, PEOPLE, create, sign_in
from tests.support.contract import PUBLISHABLE_KEY, SECRET_KEY, Fault, Project
from tests.support.contract_server import serving

# Retries ----------------------------------------------------------------------------------------------------


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
def test_temporary_errors_are_retried(project: Project, client: Client, fault: Fault, on: str) -> None:
    project.will(fault, times=2, on=on)

    create(client, PEOPLE[:3])

    assert set(project.users) == {str(person.id) for person in PEOPLE[:3]}
    assert project.faults == []


def test_a_retry_waits_as_long_as_the_server_asks(project: Project, client: Client) -> None:
    project.will(replace(BUSY, headers={"Retry-After": "1"}), on=CREATE)
    start = time.monotonic()

    create(client, PEOPLE[:1])

    assert time.monotonic() - start > 1


def test_retries_end_after_a_time_limit(project: Project) -> None:
    project.will(BROKEN, times=1000, on=CREATE)

    with (
        api.connect(project.url, SECRET_KEY, patience=0.5) as client,
        pytest.raises(Unavailable, match=r"after \d attempts: 500 Database error creating new user"),
    ):
        create(client, PEOPLE[:1])


def test_permanent_errors_are_not_retried(project: Project) -> None:
    with api.connect(project.url, "sb_secret_of-another-project") as client, pytest.raises(NotAllowed):
        create(client)
    assert project.requests == [f"{LIST}page=1&per_page=1000"]


def test_an_unreachable_server_is_a_temporary_error() -> None:
    with socket.socket() as closed:  # bound but not listening: a port that refuses connections
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with (
            api.connect(f"http://127.0.0.1:{port}", SECRET_KEY, patience=0.3) as client,
            pytest.raises(Unavailable, match=f"the API at 127.0.0.1:{port} .* refused") as failed,
        ):
            create(client)
    assert failed.value.exit_code == 8


def test_closing_the_client_ends_its_retries(project: Project) -> None:
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


def test_ctrl_c_does_not_wait_for_retries(project: Project) -> None:
    project.will(BROKEN, times=1000, on=LIST)
    start = time.monotonic()

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), api.connect(project.url, SECRET_KEY) as client:
        concurrent.for_each(lambda page: page and client.auth.admin.list_users(page), [1, 2, 3, 0], interrupt)
    assert time.monotonic() - start < 5


# URLs and keys ----------------------------------------------------------------------------------------------


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
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="api_url"), api.connect(url, SECRET_KEY):
        pass


def test_a_url_with_a_password_is_refused_without_showing_it() -> None:
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
def test_an_invalid_key_is_refused_without_showing_it(key: str) -> None:
    with (
        pytest.raises(Invalid, match="the key for localhost") as refused,
        api.connect("http://localhost", key),
    ):
        pass
    assert not key or key not in str(refused.value)


def test_the_publishable_key_is_refused(project: Project) -> None:
    with api.connect(project.url, PUBLISHABLE_KEY) as client, pytest.raises(NotAllowed) as refused:
        create(client)
    assert (refused.value.exit_code, "secret key" in str(refused.value.hint)) == (4, True)


def test_an_html_page_is_not_accepted_as_an_answer(project: Project, client: Client) -> None:
    project.will(Fault(200, headers={"Content-Type": "text/html"}, body=b"<h1>Welcome</h1>"), on=LIST)

    with pytest.raises(Invalid, match="address of a Supabase project"):
        create(client)


def test_an_unreadable_answer_is_not_quoted(project: Project) -> None:
    project.will(Fault(200, body={"users": [{"id": "eyJ.a.token"}]}), on=LIST)

    with (
        pytest.raises(Invalid, match="not in Supabase") as refused,
        api.connect(project.url, SECRET_KEY) as client,
    ):
        create(client)
    assert "token" not in "".join(traceback.format_exception(refused.value))


def test_a_url_may_end_with_a_slash(project: Project) -> None:
    with api.connect(f"{project.url}/", SECRET_KEY) as client:
        assert create(client, PEOPLE[:1]) == 1
    assert accounts.sign_in(f"{project.url}/", SECRET_KEY, PEOPLE[0].email, PASSWORD) == PEOPLE[0].id


def test_a_key_is_not_sent_to_the_target_of_a_redirect(project: Project, client: Client) -> None:
    project.will(Fault(301, headers={"Location": "https://elsewhere.test/auth/v1/admin/users"}), on=LIST)

    with pytest.raises(Invalid, match=r"redirects to https://elsewhere\.test;"):
        create(client)


def test_no_proxy_is_used_for_the_loopback(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with api.connect(project.url, SECRET_KEY, patience=1) as client:
        assert create(client, PEOPLE[:1]) == 1


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS for 127.0.0.1, and the path of the certificate to trust."""
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


def test_https_works_with_a_trusted_certificate(
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


def test_messages_and_logs_contain_no_secret(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    texts = []
    for key in (SECRET_KEY, "self-made-and-opaque"):
        echo = {"code": "unexpected_failure", "message": f"no such key: {key}"}
        for status in (400, 401, 500):
            project.will(Fault(status, body=echo), on=LIST)
            with api.connect(project.url, key, patience=0) as client, pytest.raises(ChatctlError) as failed:
                create(client)
            texts += [repr(failed.value.__cause__), *traceback.format_exception(failed.value)]
    with api.connect(project.url, SECRET_KEY) as client:
        create(client, PEOPLE[:1])
    sign_in(project, PEOPLE[0])

    everything = "\n".join([caplog.text, *texts])
    assert "no such key" in everything
    assert "/auth/v1/admin/users" in everything
    for secret in (SECRET_KEY, "self-made-and-opaque", PUBLISHABLE_KEY, PASSWORD, PASSWORD_HASH):
        assert secret not in everything
