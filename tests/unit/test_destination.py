"""Where libpq connects with a URL, and when that counts as this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatctl.errors import Invalid
from chatctl.settings.destination import Destination, Host, destination


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("url", "shown", "local"),
    [
        ("postgresql://postgres@localhost:54322/postgres", "postgres on localhost:54322", True),
        ("postgresql://LOCALHOST/x", "x on LOCALHOST:5432", True),
        ("postgresql://127.0.0.1/x", "x on 127.0.0.1:5432", True),
        ("postgresql://[::1]:6000/x", "x on [::1]:6000", True),
        ("postgresql://u@/x?host=/run/postgresql", "x on /run/postgresql:5432", True),
        ("postgresql://u@/x?host=%40abstract", "x on @abstract:5432", True),
        ("postgresql:///x", "x on the default socket:5432", True),
        ("postgresql://u@localhost", "u on localhost:5432", True),
        ("postgresql://localhost:1,127.0.0.1:2/x", "x on localhost:1 or 127.0.0.1:2", True),
        ("postgresql://db.example.com/x", "x on db.example.com:5432", False),
        ("postgresql://localhost.example.com/x", "x on localhost.example.com:5432", False),
        ("postgresql://127.0.0.2/x", "x on 127.0.0.2:5432", False),
        ("postgresql://localhost/x?host=db.example.com", "x on db.example.com:5432", False),
        ("postgresql://localhost/x?hostaddr=192.0.2.1", "x on localhost:5432 (192.0.2.1)", False),
        ("postgresql://db.example.com/x?hostaddr=127.0.0.1", "x on db.example.com:5432 (127.0.0.1)", False),
        ("postgresql:///x?hostaddr=127.0.0.1", "x on 127.0.0.1:5432", True),
        ("postgresql://localhost,db.example.com/x", "x on localhost:5432 or db.example.com:5432", False),
        ("postgresql://db.example.com,localhost:7/x", "x on db.example.com:5432 or localhost:7", False),
        ("postgresql:///x?host=/tmp,h&port=1,2", "x on /tmp:1 or h:2", False),
        ("postgresql://u:a:b#c[d@h/x", "x on h:5432", False),
        ("postgresql://u:a%40b%2Fc@h/x%40y", "x@y on h:5432", False),
        ("postgresql://u@h/x?dbname=y", "y on h:5432", False),
    ],
)
def test_the_host_is_the_one_that_libpq_connects_to(url: str, shown: str, local: bool) -> None:
    actual = destination(url, "--db-url")

    assert (str(actual), actual.local) == (shown, local)


def test_variables_and_services_of_libpq_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = tmp_path / "services"
    services.write_text("[x]\nhost=192.0.2.1\nport=6000\ndbname=y\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGHOST", "192.0.2.2")
    monkeypatch.setenv("PGPORT", "7000")

    assert str(destination("postgresql://u@/x", "--db-url")) == "x on 192.0.2.2:7000"
    assert str(destination("postgresql://u@localhost/x", "--db-url")) == "x on localhost:7000"
    assert str(destination("postgresql://u@/x?service=x", "--db-url")) == "x on 192.0.2.1:6000"
    monkeypatch.setenv("PGSERVICE", "x")
    assert str(destination("postgresql://", "--db-url")) == "y on 192.0.2.1:6000"
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.3")
    assert not destination("postgresql://localhost/x", "--db-url").local


def test_a_name_that_resolves_to_another_machine_is_not_local() -> None:
    assert not Destination((Host("localhost", "192.0.2.1", "5432"),), "x").local
    assert not Destination((Host("db.example.com", "127.0.0.1", "5432"),), "x").local
    assert Destination((Host("localhost", "127.0.0.1", "5432"),), "x").local


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "5432x"])
def test_a_port_is_a_number(port: str) -> None:
    with pytest.raises(Invalid, match="--db-url: its port is not a number between 1 and 65535"):
        destination(f"postgresql://h/x?port={port}", "--db-url")
