"""access.yaml: everything in a complete file is read."""

from __future__ import annotations

import yaml

from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.access.expectations import NEVER, Api, Delete, FunctionRules, Moment
from chatctl.sqltext.quoting import fill_placeholders
from tests.support.access_files import BASE, Written


def test_our_reader_agrees_with_plain_yaml() -> None:
    access, plain = load(default_file()), yaml.safe_load(default_file().read_text())

    assert [table.name for table in access.tables] == list(plain["tables"])
    assert [function.signature for function in access.functions] == list(plain["functions"])
    assert [identity.name for identity in access.identities] == list(plain["identities"])
    assert [moment.name for moment in access.moments] == list(plain["moments"])
    assert (access.buckets, access.schemas) == (plain["buckets"], plain["schemas"])
    assert {head: text.strip() for head, text in plain["relations"].items()} == access.relations
    for identity in access.identities:
        assert identity.claims == plain["identities"][identity.name].get("claims", {})
    for table in access.tables:
        values = plain["tables"][table.name].get("insert", {}).get("values", {})
        assert {name: text.strip() for name, text in values.items()} == (
            table.insert.values if table.insert else {}
        )
    for name in ("tables", "functions"):
        assert list(getattr(access, f"internal_{name}")) == list(plain["internal"][name])


def test_every_key_is_read(written: Written) -> None:
    access = load(written(BASE))

    assert access.fixture == access.path.parent / "fixture.sql"
    assert access.api == Api(
        roles=("anon", "member"), granted=("member",), trusted=("boss",), signs_in=None, also_takes=()
    )
    assert access.functions == (
        FunctionRules(
            signature="app.send(uuid)",
            allow="true",
            call={"p_id": "select 1"},
            unless=None,
            refused=(),
            value="result",
            rows="select 1",
            changes={"app.notes": ("insert",)},
            holds="this.p_id is not null",
            oracle="ids are no secret",
        ),
    )
    assert access.internal_functions == {"internal.secret()": "asks nothing"}
    assert access.buckets == {
        "files": {"public": False, "file_size_limit": 10, "allowed_mime_types": ["a/b"]}
    }
    assert access.moments == (Moment("later", "later", "select 1", ("ann",)),)
    (ann,) = access.identities
    assert (ann.user, ann.reads_only) == (None, False)


def test_a_missing_key_means_never(written: Written) -> None:
    least = BASE[: BASE.index("    insert:")]
    access = load(written(least.replace("fixture: fixture.sql\n", "")))

    (table,) = access.tables
    assert (table.insert, dict(table.update), table.delete, table.rows) == (None, {}, Delete(NEVER), None)
    assert access.fixture is None
    assert (access.functions, access.internal_tables, access.moments) == ((), {}, ())


def test_for_views_rows_are_required_and_select_is_never(written: Written) -> None:
    (table,) = load(written(BASE.replace("select: this.owner = actor", "rows: select 1"))).tables
    assert (table.rows, table.select) == ("select 1", NEVER)


def test_an_api_may_have_its_own_settings(written: Written) -> None:
    own = "trusted: [boss]\n  claims: app.jwt.claims\n  search_path: api, shared"
    api = load(written(BASE.replace("trusted: [boss]", own))).api
    assert (api.claims, api.search_path) == ("app.jwt.claims", "api, shared")


def test_an_alias_stands_for_its_anchor(written: Written) -> None:
    text = BASE.replace("select: this.owner = actor", "select: &mine this.owner = actor\n    delete: *mine")
    (table,) = load(written(text)).tables
    assert (table.select, table.delete.allow) == ("this.owner = actor",) * 2


def test_placeholders_are_replaced_and_names_are_not() -> None:
    assert (
        fill_placeholders('set "a$1" = $1 where b = $12', lambda n: f"<{n}>")
        == 'set "a$1" = <1> where b = <12>'
    )
