"""Which target is chosen, and that no secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatctl.errors import Invalid, NotFound
from chatctl.settings import load, mask

CONFIG = """
default: staging
targets:
  staging:
    db_url: postgresql://postgres:${STAGING_PASSWORD}@db.example.com:5432/postgres
    environment: staging
    secret_key: sb_secret_abcdef
  production:
    db_url: postgresql://postgres@prod.example.com/postgres
    environment: production
"""
ENV = {"STAGING_PASSWORD": "hunter2"}


def _write(directory: Path, text: str = CONFIG) -> Path:
    (directory / "chatctl.yaml").write_text(text)
    return directory


def test_the_first_that_is_given_wins(tmp_path: Path) -> None:
    _write(tmp_path)
    env = {**ENV, "CHATCTL_DB_URL": "postgresql://from.variable/x"}
    url = "postgresql://from.flag/x"

    assert load(db_url=url, directory=tmp_path, env=env).target.source == "--db-url"
    assert load(target="production", directory=tmp_path, env=env).target.name == "production"
    assert load(directory=tmp_path, env=env).target.source == "CHATCTL_DB_URL"
    assert load(directory=tmp_path, env=ENV).target.name == "staging"


def test_without_anything_it_is_the_embedded_server(tmp_path: Path) -> None:
    target = load(directory=tmp_path, env={}).target

    assert target.embedded
    assert target.local
    assert target.directory == tmp_path / ".chatctl"


def test_only_this_machine_is_local(tmp_path: Path) -> None:
    def local(url: str) -> bool:
        return load(db_url=url, directory=tmp_path, env={}).target.local

    assert local("postgresql://postgres@localhost:54322/postgres")
    assert local("postgresql://postgres@127.0.0.1/postgres")
    assert local("postgresql://postgres@/postgres?host=/run/postgresql")
    assert not local("postgresql://postgres@db.example.com/postgres")
    assert not local("postgresql://postgres@localhost.example.com/postgres")


def test_a_target_may_say_that_a_local_port_is_production(tmp_path: Path) -> None:
    _write(tmp_path, "targets: {tunnel: {db_url: 'postgresql://localhost/x', environment: production}}")

    assert not load(target="tunnel", directory=tmp_path, env={}).target.local


def test_no_password_is_in_a_label_or_repr(tmp_path: Path) -> None:
    target = load(target="staging", directory=_write(tmp_path), env=ENV).target

    assert target.db_url == "postgresql://postgres:hunter2@db.example.com:5432/postgres"
    for text in (target.label, repr(target), f"{target}"):
        assert "hunter2" not in text
        assert "abcdef" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("targets: {a: {db_url: 'postgresql://x', passwrod: 1}}", "targets.a.passwrod is not known"),
        ("targets: {a: 3}", "targets.a must be a mapping"),
        ("targets: {a: {environment: prod}}", "targets.a.environment must be"),
        ("targets: {a: {db_url: '${NOT_SET}'}}", "targets.a.db_url needs the environment variable NOT_SET"),
        ("targets: {a: {db_url: 'mysql://x'}}", "must be a postgresql:// URL"),
        ("targts: {}", "targts is not known"),
        ("- a", "must be a mapping"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message.replace("$", r"\$")):
        load(target="a", directory=_write(tmp_path, text), env={})


def test_an_unknown_target_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="production, staging"):
        load(target="prod", directory=_write(tmp_path), env=ENV)


def test_two_ways_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="exclude each other"):
        load(db_url="postgresql://x", target="staging", directory=_write(tmp_path), env=ENV)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://postgres:hunter2@host/db", "hunter2"),
        ("postgresql://postgres:p%40ss:word@host/db", "word"),
        ("connection to postgres://u:hunter2@h failed", "hunter2"),
        ("host=x password=hunter2 user=y", "hunter2"),
        ("host=x password='hunter two' user=y", "hunter two"),
        ("postgresql://h/db?password=hunter2&x=1", "hunter2"),
        ("key sb_secret_Ab-12_x is wrong", "Ab-12_x"),
        ("token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "eyJzdWIiOi"),
    ],
)
def test_secrets_are_masked_wherever_they_stand(text: str, hidden: str) -> None:
    assert hidden not in mask(text)
    assert "***" in mask(text)
