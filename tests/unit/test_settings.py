"""Which target is chosen, and that no secret is ever shown."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest

from chatctl.errors import ChatctlError, Invalid, NotFound
from chatctl.settings import load

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


def test_the_first_given_setting_wins(tmp_path: Path) -> None:
    _write(tmp_path)
    env = {**ENV, "CHATCTL_DB_URL": "postgresql://from.variable/x"}
    url = "postgresql://from.flag/x"

    assert load(db_url=url, directory=tmp_path, env=env).target.source == "--db-url"
    assert load(target="production", directory=tmp_path, env=env).target.name == "production"
    assert load(directory=tmp_path, env=env).target.source == "CHATCTL_DB_URL"
    assert load(directory=tmp_path, env=ENV).target.name == "staging"


def test_without_any_setting_the_embedded_server_is_used(tmp_path: Path) -> None:
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


def test_a_target_may_declare_a_local_port_as_production(tmp_path: Path) -> None:
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
        (
            "targets: {a: {db_url: 'mysql://x'}}",
            "chatctl.yaml:1:23: targets.a.db_url must be a postgresql:// URL",
        ),
        ("targets: {a: {api_url: 'http://u:p@h'}}", "targets.a.api_url must be a URL such as"),
        ("targets: {a: {secret_key: [x]}}", "targets.a.secret_key must be text"),
        ("targets: {a: {db_url: '${ONE'}}", "targets.a.db_url has a ${ that is not followed by the name"),
        (
            "targets: {a: {}}\n---\ntargets: {a: {}}",
            "2:1: cannot be read as YAML: a second document",
        ),
        ("targts: {}", "targts is not known"),
        ("- a", "must be a mapping"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message.replace("$", r"\$")):
        load(target="a", directory=_write(tmp_path, text), env={})


SECRET = "s3cr3t"
API = {"SUPABASE_URL": "https://one.example.com", "SUPABASE_SECRET_KEY": SECRET}


def test_the_environment_only_supplies_the_api_for_a_url(tmp_path: Path) -> None:
    (tmp_path / "chatctl.yaml").write_text(
        "targets:\n  dev: {db_url: 'postgresql://h/d'}\n"
        "  other: {db_url: 'postgresql://h/d', api_url: https://o.example.com}\n"
    )

    def api(**given: str) -> tuple[str | None, str | None]:
        target = load(directory=tmp_path, env=API, **given).target
        return target.api_url, target.secret_key

    assert api(db_url="postgresql://h/d") == tuple(API.values())
    assert api(target="dev") == (None, None)
    assert api(target="other") == ("https://o.example.com", None)


def test_a_local_database_has_no_remote_api(tmp_path: Path) -> None:
    for url in (None, "postgresql://localhost/d"):
        target = load(directory=tmp_path, db_url=url, env=API).target
        assert (target.local, target.api_url, target.secret_key) == (True, None, None)
    here = API | {"SUPABASE_URL": "http://127.0.0.1:54321"}
    assert load(directory=tmp_path, db_url="postgresql://localhost/d", env=here).target.secret_key == SECRET


def test_an_unknown_target_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="production, staging"):
        load(target="prod", directory=_write(tmp_path), env=ENV)


def test_two_settings_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be combined"):
        load(db_url="postgresql://x", target="staging", directory=_write(tmp_path), env=ENV)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:ab@{SECRET}@h/d",
        f"postgresql://u:ab/{SECRET}@h/d",
        f"postgresql://u:12/{SECRET}@h/d",
        f"postgresql://u:ab?{SECRET}@h/d",
        f"postgresql://h?password=ab@{SECRET}",
        f"postgresql://u:ab?x/{SECRET}@h/d",
        f"postgresql://u:{SECRET}%zz@h/d",
        f"postgresql://u:x%00{SECRET}@h/d",
        f"postgresql://u@h:{SECRET}/d",
        f"postgresql://u:{SECRET}",
        f"postgresql://u:{SECRET}@[::1/d",
        f"postgresql://u:{SECRET}@[::1]x/d",
        f"postgresql://u@[{SECRET}/d",
        f"postgresql://u:x@h/d\n{SECRET}",
        f"postgresql://u:{SECRET}@h/d\n",
        f"postgresql://u:{SECRET} @h/d",
        f"postgresql://h/d?{SECRET}",
        f"postgresql://h/d?unknown={SECRET}",
        f"postgresql://h/d?sslmode={SECRET}",
        f"postgresql://h/d?service={SECRET}",
        f"postgresql://h/d?hostaddr={SECRET}",
        f"postgresql://h/d?port={SECRET}",
        f'postgresql://h/d?password={SECRET}&sslmode=a"{SECRET}"{SECRET}',
        f"host=h password={SECRET}",
        f"host=h password='{SECRET}",
        SECRET,
    ],
)
@pytest.mark.parametrize("source", ["flag", "variable", "file", "variable of the file"])
def test_an_unusable_url_is_not_repeated(tmp_path: Path, url: str, source: str) -> None:
    arguments: dict[str, Any] = {"target": "a", "env": {"URL": url}}
    where = r"chatctl\.yaml:1:23: targets\.a\.db_url"
    if source == "flag":
        arguments, where = {"db_url": url, "env": {}}, "--db-url"
    elif source == "variable":
        arguments, where = {"env": {"CHATCTL_DB_URL": url}}, "CHATCTL_DB_URL"
    text = "${URL}" if source == "variable of the file" else url
    _write(tmp_path, f"targets: {{a: {{db_url: {json.dumps(text)}}}}}")

    with pytest.raises(Invalid, match=where) as refused:
        load(**arguments, directory=tmp_path)

    _assert_hidden(refused.value)


def test_an_unencoded_password_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        load(db_url=f"postgresql://u:ab@{SECRET}@h/d", directory=tmp_path, env={})

    assert "@ as %40" in str(refused.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        f"targets:\n  a:\n    db_url: 'postgresql://u:{SECRET}@h/d\n    environment: production\n",
        f'targets: {{a: {{db_url: "{SECRET}\\q"}}}}',
        f"targets: {{a: {{secret_key: *{SECRET}}}}}",
        f"targets: {{a: {{secret_key: &{SECRET} x}}}}",
        f"targets: {{a: {{secret_key: !{SECRET} x}}}}",
        f"targets: {{a: {{secret_key: @{SECRET}}}}}",
        f"targets: {{a: {{secret_key: [{SECRET}]}}}}",
        f"targets: {{a: {{secret_key: {{{SECRET}: 1}}}}}}",
        f"targets: {{a: {{secret_key:{SECRET}}}}}",
        f"targets: {{a: {{environment: {SECRET}}}}}",
        f"targets: {{a: {{api_url: 'https://u:{SECRET}@h'}}}}",
        f"targets: {{a: {{jwt_secret: '${{{SECRET}-x}}'}}}}",
        f"targets: {{a: postgresql://u:{SECRET}@h/d}}",
        f"targets: {{a:postgresql://u:{SECRET}@h/d}}",
        f"targets: postgresql://u:{SECRET}@h/d",
        f"default: postgresql://u:{SECRET}@h/d\nx: [",
        f"postgresql://u:{SECRET}@h/d",
        f"a: [{SECRET}",
        f"\t{SECRET}: x",
        f"targets: {{a: {{db_url: '{SECRET}\x07'}}}}",
    ],
)
def test_content_of_an_unusable_file_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid, match=r"^chatctl\.yaml:\d+") as refused:
        load(target="a", directory=_write(tmp_path, text), env={})

    _assert_hidden(refused.value)


def test_bytes_of_a_file_in_another_encoding_are_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "chatctl.yaml").write_bytes(b"targets:\n  a: {secret_key: s3cr3t\xff}\n")

    with pytest.raises(Invalid, match=r"^chatctl\.yaml:2: is not UTF-8 \(invalid start byte\)$"):
        load(target="a", directory=tmp_path, env={})


@pytest.mark.parametrize(
    "text", ["", "targets: {b: {}}", f"default: 'postgresql://u:{SECRET}@h'\ntargets: {{}}"]
)
@pytest.mark.parametrize("target", [f"postgresql://u:{SECRET}@h/d", None])
def test_a_url_in_place_of_a_name_is_not_repeated(tmp_path: Path, text: str, target: str | None) -> None:
    if target is None and "default" not in text:
        return
    with pytest.raises(NotFound) as refused:
        load(target=target, directory=_write(tmp_path, text), env={})

    _assert_hidden(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("targets:\n  a: {environment: production}\n  a: {}\n", "targets.a appears twice, first on line 2"),
        (
            "targets: {a: {environment: production}}\ntargets: {a: {}}\n",
            "targets appears twice, first on line 1",
        ),
        (
            "targets:\n  a: {environment: production}\n  'a': {}\n",
            "targets.a appears twice, first on line 2",
        ),
        (
            "targets:\n  a:\n    environment: production\n    environment: local\n",
            "targets.a.environment appears twice, first on line 3",
        ),
        ("default: a\ndefault: b\n", "default appears twice, first on line 1"),
        ("targets: {a: {environment: Production}}", "1:28: targets.a.environment must be local, staging or"),
        ("targets: {a: {environment: 'production '}}", "targets.a.environment must be local, staging or"),
        ("targets: {a: {environment: production, Environment: local}}", "targets.a.Environment is not known"),
        ("targets: {a: {environment: }}", "targets.a.environment has no value"),
        ("targets: {a: {environment: ~}}", "targets.a.environment has no value"),
        ("targets: {a: }", "targets.a must be a mapping"),
        ("default:\ntargets: {a: {}}", "default has no value"),
        (
            "targets:\n  b: &b {environment: production}\n  a: *b\n",
            "2:6: cannot be read as YAML: anchors (&), aliases (*) and tags (!)",
        ),
        ("targets: {a: {<<: {environment: production}}}", "targets.a.<< is not allowed"),
        ("targets: {a: {environment: !!str production}}", "anchors (&), aliases (*) and tags (!)"),
        ("targets: {a b: {}, a: {}}", "a target name consists of letters"),
    ],
)
def test_settings_that_could_hide_production_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        load(target="a", directory=_write(tmp_path, text), env={})

    assert refused.value.message.startswith("chatctl.yaml:")
    assert message in refused.value.message


def _assert_hidden(error: ChatctlError) -> None:
    shown = f"{error.message} {error.hint} {''.join(traceback.format_exception(error))}"
    quoted = shown.replace(__file__, "")
    assert SECRET not in "\n".join(line for line in quoted.splitlines() if not line.startswith("    "))
