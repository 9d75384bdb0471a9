"""access.yaml: a complete file is read, and mistakes are reported with file, line and key."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from chatctl.errors import Invalid
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.access.expectations import NEVER, Api, Delete, FunctionRules, Moment
from chatctl.sqltext.quoting import filled
from tests.support.access_files import BASE, OURS, steps, under

Written = Callable[[str | bytes], Path]

NOT = "cannot be read as YAML:"

# The changed text, the new text -> the reported line, key and sentence.
MISTAKES = {
    "an unknown key": (
        "select: this.owner = actor",
        "selekt: this.owner = actor",
        "15: tables.app.notes.selekt is not known; did you mean select?",
    ),
    "an unknown key at the top": ("denials:", "denails:", "9: denails is not known; did you mean denials?"),
    "a key of nowhere": ("says: a member", "says: a member, xyz: 1", "11: identities.ann.xyz is not known;"),
    "a key that is missing": (
        ", allow: this.owner = actor",
        "",
        "20: tables.app.notes.update.body[0].allow is missing",
    ),
    "a section that is missing": ("schemas: {app: exposed}\n", "", "1: schemas is missing"),
    "a key twice": (
        "    select: this.owner = actor\n",
        "    select: this.owner = actor\n    select: never\n",
        "16: tables.app.notes.select is there twice, first in line 15",
    ),
    "a table twice": (
        "functions:\n",
        "  app.notes: {key: [id], select: never}\nfunctions:\n",
        "21: tables.app.notes is there twice, first in line 13",
    ),
    "a key that is a list": (
        "denials:",
        "[a]: 1\ndenials:",
        "9: the description of access has a list of 1 as a key",
    ),
    "a merge key": (
        "    key: [id]\n",
        "    key: [id]\n    <<: {select: never}\n",
        "15: tables.app.notes.<< is not taken",
    ),
    "true for a condition": (
        "select: this.owner = actor",
        "select: true",
        "15: tables.app.notes.select must be text, in quotes where YAML reads something else, not true",
    ),
    "nothing for a condition": (
        "select: this.owner = actor",
        "select:",
        "15: tables.app.notes.select must be text, in quotes where YAML reads something else, not nothing",
    ),
    "a blank condition": (
        "select: this.owner = actor",
        "select: '  '",
        "15: tables.app.notes.select must be text that is not blank and has no NUL, not '  '",
    ),
    "a NUL": (
        "select: this.owner = actor",
        r'select: "a\0"',
        "15: tables.app.notes.select must be text that is not blank",
    ),
    "half a character": (
        "select: this.owner = actor",
        r'select: "\ud800"',
        "15: tables.app.notes.select must be text that UTF-8 can write",
    ),
    "nothing to read by": (
        "    select: this.owner = actor\n",
        "",
        "13: tables.app.notes.select is missing; either it or rows",
    ),
    "two to read by": (
        "    select: this.owner = actor\n",
        "    select: never\n    rows: select 1\n",
        "16: tables.app.notes.rows and select exclude each other",
    ),
    "no key": ("key: [id]", "key: []", "14: tables.app.notes.key must have at least 1 item, not "),
    "a key column twice": ("key: [id]", "key: [id, id]", "14: tables.app.notes.key names id twice"),
    "a text for a list": ("key: [id]", "key: id", "14: tables.app.notes.key must be a list, not id"),
    "a number in a list": ("key: [id]", "key: [1]", "14: tables.app.notes.key[0] must be text, in quotes"),
    "a table without a schema": (
        "  app.notes:\n",
        "  notes:\n",
        "13: tables.notes must be named schema.table, not notes",
    ),
    "a table that is a list": (
        "functions:\n",
        "  app.more: []\nfunctions:\n",
        "21: tables.app.more must be a mapping, not a list of 0",
    ),
    "an insert without values": (
        "values: {owner: actor}",
        "values: {}",
        "18: tables.app.notes.insert.values must have at least 1 item, not ",
    ),
    "values that are missing": (
        "      values: {owner: actor}\n",
        "",
        "17: tables.app.notes.insert.values is missing",
    ),
    "changes that are a mapping": (
        "body: [{set: \"'x'\", allow: this.owner = actor}]",
        "body: {set: \"'x'\"}",
        "20: tables.app.notes.update.body must be a list, not a mapping",
    ),
    "no change": (
        "body: [{set: \"'x'\", allow: this.owner = actor}]",
        "body: []",
        "20: tables.app.notes.update.body must have at least 1 item, not ",
    ),
    "no truth": (
        "allow: this.owner = actor}",
        "allow: never, blind: 'no'}",
        "20: tables.app.notes.update.body[0].blind must be true or false, not 'no'",
    ),
    "a fixture that is not there": ("fixture: fixture.sql", "fixture: none.sql", "1: fixture names "),
    "a fixture of a long name": ("fixture: fixture.sql", f"fixture: {'x' * 5000}", "1: fixture names "),
    "a schema of another kind": (
        "app: exposed",
        "app: open",
        "8: schemas.app must be 'exposed', 'storage', 'internal' or 'platform', not open",
    ),
    "no SQLSTATE": ('"42501"', "no", "9: denials[0] must be text"),
    "a short SQLSTATE": (
        '"42501"',
        '"425"',
        "9: denials[0] must be a five-character SQLSTATE, in quotes, not '425'",
    ),
    "a role that is none": (
        "granted: [member]",
        "granted: [membr]",
        "4: api.granted[0] is membr, which api.roles does not name; did you mean member?",
    ),
    "an identity of no role": (
        "role: member",
        "role: root",
        "11: identities.ann.role is root, which api does not name; known are anon, member, boss",
    ),
    "an identity of the usual role, which is none": (
        "role: member, ",
        "",
        "11: identities.ann.role is authenticated, which api does not name",
    ),
    "claims and raw": (
        "says: a member",
        "says: a member, claims: {}, raw: \"''\"",
        "11: identities.ann.raw and claims exclude each other",
    ),
    "claims that are no JSON": (
        "says: a member",
        "says: a member, claims: {since: [2026-01-01]}",
        "11: identities.ann.claims.since[0] must be what JSON can say, text in quotes, not 2026-01-01",
    ),
    "claims of an endless number": (
        "says: a member",
        "says: a member, claims: {n: .inf}",
        "11: identities.ann.claims.n must be what JSON",
    ),
    "claims of a large number": (
        "says: a member",
        f"says: a member, claims: {{n: 0x{'f' * 9999}}}",
        "11: identities.ann.claims.n must be what JSON",
    ),
    "a way to read that is none": (
        "says: a member",
        "says: a member, reads: all",
        "11: identities.ann.reads must be 'only'",
    ),
    "a name over two lines": ("  ann:", '  "ann\\n": {role: anon, says: x}\n  ann:', "11: identities.ann"),
    "a relation without parameters": (
        "mine(who uuid):",
        "mine:",
        "35: relations.mine must be named like member(actor uuid",
    ),
    "a function without types": (
        "app.send(uuid):",
        "app.send:",
        "22: functions.app.send must be named schema.function(types)",
    ),
    "a function twice": (
        "  app.send(uuid):",
        "  app.send( UUID ): {allow: never, call: {}}\n  app.send(uuid):",
        "23: functions.app.send(uuid) is functions.app.send( UUID ) in line 22 again",
    ),
    "a function public and internal": (
        "internal.secret(): asks nothing",
        "app.send(uuid): asks nothing",
        "29: internal.functions.app.send(uuid) is functions.app.send(uuid) in line 22 again",
    ),
    "a change of another kind": (
        "app.notes: [insert]",
        "app.notes: [truncate]",
        "25: functions.app.send(uuid).changes.app.notes[0] must be 'insert', 'update' or 'delete', not",
    ),
    "a change of no table": (
        "app.notes: [insert]",
        "notes: [insert]",
        "25: functions.app.send(uuid).changes.notes must be named schema.table",
    ),
    "half of what comes back": (
        "rows: select 1}",
        "}",
        "26: functions.app.send(uuid).returns.rows is missing",
    ),
    "no reason": ("asks nothing", "", "29: internal.functions.internal.secret() must be text"),
    "a list for a reason": (
        "asks nothing",
        "[x]",
        "29: internal.functions.internal.secret() must be a mapping, not a list of 1",
    ),
    "a bucket of another key": (
        "public: false",
        "pubic: false",
        "31: buckets.files.pubic is not known; did you mean public?",
    ),
    "a bucket of another type": (
        "public: false",
        "public: 'no'",
        "31: buckets.files.public must be true or false, not 'no'",
    ),
    "a size that is a text": (
        "file_size_limit: 10",
        "file_size_limit: 10MB",
        "31: buckets.files.file_size_limit must be a whole number",
    ),
    "a moment of nobody": (
        "identities: [ann]",
        "identities: []",
        "33: moments.later.identities must have at least 1 item, not ",
    ),
    "a moment of somebody else": (
        "identities: [ann]",
        "identities: [ann, anne]",
        "33: moments.later.identities[1] is anne, which identities does not name; did you mean ann?",
    ),
    "a moment of somebody twice": (
        "identities: [ann]",
        "identities: [ann, ann]",
        "33: moments.later.identities names ann twice",
    ),
    "a setting without a dot": (
        "trusted: [boss]",
        "trusted: [boss]\n  claims: jwt",
        "6: api.claims must be named like request.jwt.claims, not jwt",
    ),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    path = tmp_path_factory.mktemp("access") / "access.yaml"
    path.with_name("fixture.sql").write_text("select 1;")

    def write(text: str | bytes) -> Path:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def mistakes_in(path: Path) -> list[str]:
    """The reported mistakes of a file, without its name."""
    with pytest.raises(Invalid) as refused:
        load(path)
    assert refused.value.exit_code == 2
    head, *lines = refused.value.message.split("\n  ")
    assert head == f"{path} is no description of access:" if lines else head.startswith(str(path))
    return [line.removeprefix(f"{path}:") for line in lines or [head]]


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


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_with_line_and_key(written: Written, old: str, new: str, sentence: str) -> None:
    load(written(BASE))
    assert BASE.count(old) == 1, old

    (line,) = mistakes_in(written(BASE.replace(old, new)))
    assert line.startswith(sentence)
    assert "fixture" in sentence or len(line) < 250


def test_all_mistakes_are_reported_at_once_in_the_order_of_their_lines(written: Written) -> None:
    text = """\
fixtures: x
api: {roles: [anon], granted: [boss]}
schemas: {app: open}
identities: {ann: {role: root, says: 1}, bob: {role: root, says: bob}}
tables:
  app.notes: {key: id}
  app.more: {key: [id, id], rows: select 1, select: never}
moments:
  later: {says: x, do: x, identities: [anna]}
"""
    assert [line.split()[0] + line.split()[1] for line in mistakes_in(written(text))] == [
        "1:fixtures", "2:api.granted[0]", "3:schemas.app", "4:identities.ann.says", "6:tables.app.notes.key",
        "7:tables.app.more.key", "7:tables.app.more.rows",
    ]  # fmt: skip


def test_at_most_ten_mistakes_are_reported(written: Written) -> None:
    lines = mistakes_in(written(BASE + "".join(f"key{n}: 1\n" for n in range(5000))))
    assert len(lines) == 11
    assert lines[-1] == "and more"


def test_an_alias_stands_for_its_anchor(written: Written) -> None:
    text = BASE.replace("select: this.owner = actor", "select: &mine this.owner = actor\n    delete: *mine")
    (table,) = load(written(text)).tables
    assert (table.select, table.delete.allow) == ("this.owner = actor",) * 2


def test_a_mistake_in_an_alias_is_reported_at_its_anchor(written: Written) -> None:
    text = BASE.replace("key: [id]", "key: &key [id]").replace("select: this.owner = actor", "select: *key")
    assert mistakes_in(written(text)) == [
        "15: tables.app.notes.select must be text, in quotes where YAML reads something else, not a list of 1"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    {
        "empty": ("", " is empty"),
        "only a comment": ("# nothing yet\n", " is empty"),
        "a list": ("- a list", ":1: the description of access must be a mapping, not a list of 1"),
        "not UTF-8": (b"fixture: a\napi: \xff", ":2: is not UTF-8"),
        "not YAML": ("a: 1\nb: [", ":2: NOT "),
        "a tab": ("a: 1\n\tb: 1", ":2: NOT there is a tab"),
        "a control character": ("a: 1\nb: \x07", ":2: is not YAML: special characters are not allowed"),
        "two documents": ("a: 1\n---\nb: 1", ":2: NOT a second document begins here"),
        "a tag": ("a: 1\nb: !!python/name:os.system 1", ":2: NOT tags"),
        "an unknown alias": ("a: 1\nb: *x", ":2: NOT this alias has no anchor before it"),
        "an anchor twice": ("a: 1\nb: &a 1\nc: &a 1", ":3: NOT &a is there twice"),
        "a list in itself": ("a: 1\nb: &a [*a]", ":2: NOT *a is part of"),
        "a mapping in itself": ("a: &a\n  b: [{c: *a}]", ":2: NOT *a is"),
        "a bomb": (
            "a: &a [x, x]\n"
            + "".join(f"{n}: &{n} [{', '.join([f'*{p}'] * 10)}]\n" for p, n in pairwise("abcdefghi")),
            ":7: NOT its aliases stand for too much",
        ),
        "a deep bomb": (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 99)),
            ":23: NOT nested deeper than",
        ),
        "nested deeply": ("[" * 50_000, ":1: NOT nested deeper than"),
        "keys of keys": ("? " * 50_000, ":1: NOT nested deeper than"),
        "large": ("#" * 2_000_000, " is larger than 1024 KiB"),
    }.values(),
)
def test_anything_but_plain_yaml_is_refused_with_its_line(
    written: Written, text: str | bytes, sentence: str
) -> None:
    path = written(text)
    with pytest.raises(Invalid) as refused:
        load(path)
    assert refused.value.message.startswith(f"{path}{sentence.replace('NOT', NOT)}")


def test_a_missing_file_or_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.yaml cannot be read: No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(Invalid, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_file_of_thousands_of_tables_takes_seconds_at_most(written: Written) -> None:
    start = time.process_time()
    table = "    key: [id]\n    select: this.owner = actor\n    insert: {allow: never, values: {a: '1'}}\n"
    more = "".join(f"  app.t{n}:\n{table}" for n in range(3_000))
    load(written(BASE.replace("tables:\n", f"tables:\n{more}", 1)))
    assert time.process_time() - start < 20


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.text(),
    st.sampled_from(
        ["never", "*a", "<<", "x" * 70_000, "'", "\x00", "this.a = actor", "app.notes", "insert"]
    ),
    st.just([]),
    st.just({}),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["key", "allow", "set", "says", "x"]), st.text(), max_size=3),
)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), times=st.integers(1, 3))
def test_our_file_with_other_values_or_missing_keys_is_read_or_refused(
    written: Written, data: st.DataObject, times: int
) -> None:
    document = copy.deepcopy(OURS)
    for _ in range(times):
        if not (write_targets := list(steps(document))):
            break
        way = data.draw(st.sampled_from(write_targets))
        parent = under(document, way[:-1])
        match data.draw(st.sampled_from(["drop", "replace", "rename", "add"])):
            case "drop":
                del parent[way[-1]]
            case "replace":
                parent[way[-1]] = data.draw(VALUES)
            case "rename" if isinstance(parent, dict):
                parent[data.draw(st.text(max_size=12))] = parent.pop(way[-1])
            case "add" if isinstance(parent, dict):
                parent[data.draw(st.text(max_size=12))] = data.draw(VALUES)
    read_or_refused(written(yaml.safe_dump(document, allow_unicode=False)))


TEXTS = st.one_of(
    st.text(),
    st.binary(),
    st.lists(
        st.sampled_from(
            [
                *"[]{},:-?&*!|>'\"#%@`<=~\n ",
                "\n  ",
                "- ",
                ": ",
                "<<: ",
                "0x",
                "1:1",
                "&a ",
                "*a ",
                "tables:",
                "key: ",
            ]
        )
    ).map("".join),
)


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
@example(text="api: 0b_")
@example(text="api: 1:" + "59:" * 2000 + "1")
@example(text="*a : 1")
@example(text="&a : *a")
@example(text="<<: *a")
def test_any_text_is_refused(written: Written, text: str | bytes) -> None:
    assert mistakes_in(written(text.encode(errors="surrogatepass") if isinstance(text, str) else text))


@settings(max_examples=100, deadline=None)
@given(start=st.integers(0, len(BASE)), length=st.integers(0, 20), new=TEXTS)
def test_a_file_with_random_changes_is_read_or_refused(
    written: Written, start: int, length: int, new: str | bytes
) -> None:
    whole = BASE.encode()
    new = new.encode(errors="surrogatepass") if isinstance(new, str) else new
    read_or_refused(written(whole[:start] + new + whole[start + length :]))


def read_or_refused(path: Path) -> None:
    """Load a file; an error names it and, unless the file is empty or too large, a line."""
    try:
        access = load(path)
    except Invalid as refused:
        event("refused")
        assert refused.message.startswith(str(path))
        assert "is empty" in refused.message or f"{path}:" in refused.message
    else:
        event("read")
        json.dumps([identity.claims for identity in access.identities], allow_nan=False)


def test_placeholders_are_replaced_and_names_are_not() -> None:
    assert filled('set "a$1" = $1 where b = $12', lambda n: f"<{n}>") == 'set "a$1" = <1> where b = <12>'
