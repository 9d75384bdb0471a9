"""A refused connection is classified by its SQLSTATE, whatever the language of the server."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from chatctl.db.connection import connect, translated
from chatctl.errors import ChatctlError, Invalid, NotAllowed, NotFound, Unavailable
from tests.support.fakeserver import AUTHENTICATED, READY, FakeServer, refusal
from tests.support.world import Database

GERMAN = "Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen"


@pytest.mark.parametrize("severity", ["FATAL", "PANIK", "FEHLER", "致命错误"])
@pytest.mark.parametrize("after", [b"", AUTHENTICATED], ids=["at once", "once authenticated"])
@pytest.mark.parametrize(
    ("sqlstate", "message", "kind", "sentence"),
    [
        ("28P01", GERMAN, NotAllowed, f"the database rejected the sign-in: {GERMAN}"),
        ("28000", "Rolle »x« existiert nicht", NotAllowed, "the database rejected the sign-in: Rolle »x«"),
        (
            "42501",
            "keine Berechtigung für Datenbank x",
            NotAllowed,
            "the database rejected the sign-in: keine",
        ),
        ("3D000", "la base de données « x » n'existe pas", NotFound, "la base de données « x » n'existe pas"),
        (
            "53300",
            "Verbindungslimit erreicht",
            Unavailable,
            "no connection to the database: Verbindungslimit",
        ),
        ("57P03", "das Datenbanksystem startet", Unavailable, "no connection to the database: das"),
        ("XX000", "Tenant or user not found", Unavailable, "no connection to the database: Tenant"),
        (
            "22023",
            "ungültiger Wert für »x«: »s3cr3t«",
            Invalid,
            "the database rejected a connection parameter",
        ),
        ("ZZ999", 'database "role" does not exist', Unavailable, "no connection to the database: database"),
    ],
)
def test_a_refusal_is_classified_by_its_sqlstate(
    sqlstate: str, message: str, kind: type[ChatctlError], sentence: str, severity: str, after: bytes
) -> None:
    answer = after + refusal(sqlstate, message, severity)
    with FakeServer(answer) as server, pytest.raises(ChatctlError) as refused:
        connect(server.url)

    assert type(refused.value) is kind
    assert str(refused.value).startswith(sentence)
    assert "s3cr3t" not in str(refused.value)


def test_a_missing_password_is_not_allowed() -> None:
    asks = b"R" + (8).to_bytes(4) + (3).to_bytes(4)
    with FakeServer(asks) as server, pytest.raises(NotAllowed, match="rejected the sign-in"):
        connect(server.url.replace(":s3cr3t", ""))


def test_real_refusals_are_distinguished(database: Database) -> None:
    with pytest.raises(NotAllowed, match=r'rejected the sign-in: role "nobody" does not exist$'):
        connect(database.server.url_for("nobody", database.name))
    with pytest.raises(NotFound, match=r'^database "role" does not exist$'):
        connect(database.server.url_for("postgres", "role"))


def test_an_invalid_parameter_is_refused(database: Database) -> None:
    for url, message in (
        (f"{database.url}&options=-c%20nonsense%3D1", "rejected a connection parameter: .*nonsense"),
        (
            f"{database.url}&options=-c%20work_mem%3Ds3cr3t",
            "rejected a connection parameter: .*work_mem",
        ),
        (f"{database.url}&connect_timeout=s3cr3t", "connect_timeout is not a number of seconds"),
        (f"{database.url}&sslmode=s3cr3t", 'invalid sslmode value: "…"'),
    ):
        with pytest.raises(Invalid, match=message) as refused:
            connect(url)
        assert "s3cr3t" not in f"{refused.value} {refused.value.hint}"


def test_the_trace_of_a_connection_attempt_is_closed(database: Database) -> None:
    with database.connect():
        before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        database.connect().close()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_a_long_message_of_a_server_is_cut_to_a_screen(database: Database) -> None:
    for text in ("x" * 3_000_000, "\n" * 3_000_000, "password=a://b:" * 200_000):
        with database.connect() as conn, pytest.raises(ChatctlError) as failed, translated():
            conn.execute(
                "do $$ begin raise exception '%', current_setting('chatctl.text') using hint = "
                "current_setting('chatctl.text'); end $$"
                if conn.execute("select set_config('chatctl.text', %s, false)", (text,))
                else b""
            )
        for shown in (failed.value.message, failed.value.hint or ""):
            assert len(shown) < 3_000
            assert shown.count("\n") < 30
        assert "cut from" in failed.value.message or "and more lines" in failed.value.message


def test_a_secret_at_the_edge_of_the_excerpt_is_masked(database: Database) -> None:
    text = "x" * 1_950 + " postgresql://u:" + "s3cr3t" * 20 + "@h"
    with database.connect() as conn, pytest.raises(ChatctlError) as failed, translated():
        conn.execute("select set_config('chatctl.text', %s, false)", (text,))
        conn.execute("do $$ begin raise exception '%', current_setting('chatctl.text'); end $$")
    assert "s3cr3t" not in failed.value.message


def test_a_server_that_starts_or_shuts_down_is_unavailable() -> None:
    with FakeServer(AUTHENTICATED + READY) as server:
        conn = connect(server.url)
    with pytest.raises(Unavailable), translated():
        conn.execute("select 1")
    assert isinstance(conn, psycopg.Connection)


def test_the_lines_of_libpq_are_separated() -> None:
    with pytest.raises(Unavailable) as refused:
        connect("postgresql://x@127.0.0.1:1/x")
    assert "Connection refused; Is the server running" in str(refused.value)
    assert "\n" not in str(refused.value)
