"""Mistakes in access.yaml are reported with file, line and key."""

from __future__ import annotations

import pytest

from chatctl.services.audit.access import load
from tests.support.access_files import BASE, Written, mistakes_in

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
        "16: tables.app.notes.select appears twice, first on line 15",
    ),
    "a table twice": (
        "functions:\n",
        "  app.notes: {key: [id], select: never}\nfunctions:\n",
        "21: tables.app.notes appears twice, first on line 13",
    ),
    "a key that is a list": (
        "denials:",
        "[a]: 1\ndenials:",
        "9: the description of access has a key that is not text, but a list of 1",
    ),
    "a merge key": (
        "    key: [id]\n",
        "    key: [id]\n    <<: {select: never}\n",
        "15: tables.app.notes.<< is not allowed",
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
        "15: tables.app.notes.select must be text that UTF-8 can encode",
    ),
    "nothing to read by": (
        "    select: this.owner = actor\n",
        "",
        "13: tables.app.notes.select is missing; select or rows",
    ),
    "two to read by": (
        "    select: this.owner = actor\n",
        "    select: never\n    rows: select 1\n",
        "16: tables.app.notes.rows cannot be combined with select",
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
        "11: identities.ann.role must be one of the roles under api, not root; known: anon, member, boss",
    ),
    "an identity of the usual role, which is none": (
        "role: member, ",
        "",
        "11: identities.ann.role must be one of the roles under api, not authenticated",
    ),
    "claims and raw": (
        "says: a member",
        "says: a member, claims: {}, raw: \"''\"",
        "11: identities.ann.raw cannot be combined with claims",
    ),
    "claims that are no JSON": (
        "says: a member",
        "says: a member, claims: {since: [2026-01-01]}",
        "11: identities.ann.claims.since[0] must be a JSON value, with text in quotes, not 2026-01-01",
    ),
    "claims of an endless number": (
        "says: a member",
        "says: a member, claims: {n: .inf}",
        "11: identities.ann.claims.n must be a JSON value",
    ),
    "claims of a large number": (
        "says: a member",
        f"says: a member, claims: {{n: 0x{'f' * 9999}}}",
        "11: identities.ann.claims.n must be a JSON value",
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
        "23: functions.app.send(uuid) repeats functions.app.send( UUID ) of line 22",
    ),
    "a function public and internal": (
        "internal.secret(): asks nothing",
        "app.send(uuid): asks nothing",
        "29: internal.functions.app.send(uuid) repeats functions.app.send(uuid) of line 22",
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


def test_a_mistake_in_an_alias_is_reported_at_its_anchor(written: Written) -> None:
    text = BASE.replace("key: [id]", "key: &key [id]").replace("select: this.owner = actor", "select: *key")
    assert mistakes_in(written(text)) == [
        "15: tables.app.notes.select must be text, in quotes where YAML reads something else, not a list of 1"
    ]
