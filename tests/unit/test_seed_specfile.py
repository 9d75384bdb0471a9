"""A world of one's own: what a file may say, and what is told about one that nothing can be built from."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from chatctl.errors import Invalid
from chatctl.services.seed import corpus, limits, names, outline
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.spec import (
    DEMO,
    PERF,
    Habits,
    Named,
    Spec,
    Talk,
    Team,
    scaled,
)
from chatctl.services.seed.specfile import load, schema

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "world.yaml"
DOCS = ROOT / "docs" / "seed-worlds.md"

Written = Callable[[str | bytes], Path]

KINDS = (Spec, Habits, Team, Named, Talk)
KEYS = [f"{field}: " for kind in KINDS for field in kind.__dataclass_fields__]

BASE = """\
messages: 100
organizations:
  - name: Harbour
    slug: harbour
    users: 9
    named:
      - {email: pat@harbour.example, name: Pat Doe}
      - {email: kim@harbour.example, name: Kim Berg, role: admin}
    conversations:
      - {direct: true, users: [pat@harbour.example], count: 3}
      - {name: Everyone, size: 50}
  - name: Quay
    slug: quay
    users: 5
    conversations:
      - {}
"""

# What is changed in it, into what -> what is told: line, key, sentence.
MISTAKES = {
    "an unknown key": ("users: 9", "user: 9", "5: organizations[0].user is not known; did you mean users?"),
    "a key of nowhere": (
        "size: 50",
        "xyz: 1",
        "11: organizations[0].conversations[1].xyz is not known; known are",
    ),
    "a key that is missing": ("    users: 9\n", "", "3: organizations[0].users is missing"),
    "a key twice": (
        "users: 9",
        "users: 9\n    users: 9",
        "6: organizations[0].users is there twice, first in line 5",
    ),
    "a key that is a list": ("messages: 100", "[a]: 1", "1: the world has a list of 1 as a key"),
    "a text for a number": (
        "users: 9",
        "users: '9'",
        "5: organizations[0].users must be a whole number, not '9'",
    ),
    "nothing for a number": (
        "users: 9",
        "users:",
        "5: organizations[0].users must be a whole number, not nothing",
    ),
    "a share for a number": (
        "users: 9",
        "users: 9.5",
        "5: organizations[0].users must be a whole number, not 9.5",
    ),
    "yes for a number": (
        "users: 9",
        "users: yes",
        "5: organizations[0].users must be a whole number, not yes",
    ),
    "a list for a number": (
        "users: 9",
        "users: [9]",
        "5: organizations[0].users must be a whole number, not a list of 1",
    ),
    "too many digits": (
        "users: 9",
        f"users: {'9' * 5000}",
        "5: organizations[0].users must be a whole number",
    ),
    "too small a number": ("users: 9", "users: 0", "5: organizations[0].users must be at least 1, not 0"),
    "too large a number": (
        "users: 9",
        "users: 100001",
        "5: organizations[0].users must be at most 100000, not 100001",
    ),
    "too large a hexadecimal": (
        "users: 9",
        f"users: 0x{'f' * 9999}",
        "5: organizations[0].users must be at most 100000",
    ),
    "no truth": (
        "direct: true",
        "direct: 1",
        "10: organizations[0].conversations[0].direct must be true or false, not 1",
    ),
    "a number for a text": (
        "name: Quay",
        "name: 12",
        "12: organizations[1].name must be text, in quotes where",
    ),
    "an empty text": ("name: Quay", "name: ''", "12: organizations[1].name must have a character, not ''"),
    "too long a text": (
        "name: Quay",
        f"name: {'x' * 256}",
        "12: organizations[1].name must have at most 255 characters",
    ),
    "a blank text": (
        "name: Quay",
        "name: '  '",
        "12: organizations[1].name must have a character that can be seen",
    ),
    "a NUL": (
        "name: Quay",
        r'name: "\0Quay"',
        "12: organizations[1].name must have a character that can be seen, and no NUL",
    ),
    "half a character": (
        "name: Quay",
        r'name: "\ud800"',
        "12: organizations[1].name must be text that UTF-8 can write",
    ),
    "a text for a list": (
        "- {}",
        "- {users: pat}",
        "16: organizations[1].conversations[0].users must be a list, not pat",
    ),
    "a text for a mapping": (
        "- {}",
        "- general",
        "16: organizations[1].conversations[0] must be a mapping, not general",
    ),
    "habits of a number": ("messages: 100", "habits: 7", "1: habits must be a mapping, not 7"),
    "conversations of a mapping": (
        "\n      - {}",
        " {}",
        "15: organizations[1].conversations must be a list, not a mapping",
    ),
    "another role": (
        "role: admin",
        "role: boss",
        "8: organizations[0].named[1].role must be 'owner', 'admin' or 'member', not boss",
    ),
    "a share above 1": ("messages: 100", "habits: {long: 1.5}", "1: habits.long must be at most 1, not 1.5"),
    "a share that is none": (
        "messages: 100",
        "habits: {long: .nan}",
        "1: habits.long must be at most 1, not .nan",
    ),
    "a share below 0": (
        "messages: 100",
        "habits: {unread: -0.1}",
        "1: habits.unread must be at least 0, not -0.1",
    ),
    "sentences backwards": (
        "messages: 100",
        "habits: {sentences: [3, 2]}",
        "1: habits.sentences must go from the smaller",
    ),
    "no sentence": (
        "messages: 100",
        "habits: {sentences: 0}",
        "1: habits.sentences must be at least 1, not 0",
    ),
    "a day that is none": ("messages: 100", "last_day: 2026-02-30", "1: last_day must be a date such as"),
    "a day in quotes": (
        "messages: 100",
        "last_day: '2026-02-03'",
        "1: last_day must be a date such as 2026-01-25, without",
    ),
    "a moment for a day": (
        "messages: 100",
        "last_day: 2026-02-03 10:00:00",
        "1: last_day must be a date such as",
    ),
    "a day long ago": (
        "messages: 100",
        "last_day: 1998-02-03",
        "1: last_day must be at least 2010-01-01, not 1998-02-03",
    ),
    "no week": ("messages: 100", "weeks: 0", "1: weeks must be at least 1, not 0"),
    "a slug in capitals": (
        "slug: quay",
        "slug: Quay",
        "13: organizations[1].slug must be at most 52 lower-case letters",
    ),
    "a long slug": (
        "slug: quay",
        f"slug: {'q' * 53}",
        "13: organizations[1].slug must be at most 52 lower-case letters",
    ),
    "a slug twice": (
        "slug: quay",
        "slug: harbour",
        "13: organizations[1].slug is 'harbour', which an earlier one has",
    ),
    "an email twice": (
        "kim@",
        "pat@",
        "8: organizations[0].named[1].email is 'pat@harbour.example', which an earlier one has",
    ),
    "an email in capitals": (
        "email: kim@",
        "email: Kim@",
        "8: organizations[0].named[1].email must be an address in lower",
    ),
    "an email that is none": (
        "kim@harbour.example",
        "kim",
        "8: organizations[0].named[1].email must be an address in lower case",
    ),
    "an email of others": (
        "kim@harbour",
        "grace.finch2@quay",
        "8: organizations[0].named[1].email must not be grace.finch2@quay.example",
    ),
    "an unknown user": (
        "users: [pat@",
        "users: [pta@",
        "10: organizations[0].conversations[0].users[0] is 'pta@harbour.example', which is not under named "
        "of the organization; did you mean pat@harbour.example?",
    ),
    "a user of elsewhere": (
        "- {}",
        "- {users: [pat@harbour.example]}",
        "16: organizations[1].conversations[0].users[0] is 'pat@harbour.example', which is not under named "
        "of the organization; known are none",
    ),
    "an unknown one without": (
        "size: 50",
        "without: [x]",
        "11: organizations[0].conversations[1].without[0] is 'x', which is not under named "
        "of the organization; known are pat@harbour.example, kim@harbour.example",
    ),
    "a user twice": (
        "[pat@harbour.example]",
        "[pat@harbour.example, pat@harbour.example]",
        "10: organizations[0].conversations[0].users[1] is 'pat@harbour.example', which is there already",
    ),
    "a user with and without": (
        "size: 50",
        "users: [pat@harbour.example], without: [pat@harbour.example]",
        "11: organizations[0].conversations[1].without[0] is pat@harbour.example, who is among users, too",
    ),
    "an unknown language": (
        "slug: quay",
        "slug: quay\n    languages: [en, jp]",
        "14: organizations[1].languages[1] is 'jp', which is not known; known are en, es",
    ),
    "no language": (
        "slug: quay",
        "slug: quay\n    languages: []",
        "14: organizations[1].languages must have at least 1 item",
    ),
    "an unknown culture": (
        "slug: quay",
        "slug: quay\n    cultures:\n      - germn",
        "15: organizations[1].cultures[0] is 'germn', which is not known; did you mean german?",
    ),
    "a culture twice": (
        "slug: quay",
        "slug: quay\n    cultures: [german, german]",
        "14: organizations[1].cultures[1] is 'german', which is there",
    ),
    "a conversation twice": (
        "- {}",
        "- {name: All}\n      - {name: All}",
        "17: organizations[1].conversations[1].name is 'All', which an earlier",
    ),
    "a blank conversation": (
        "name: Everyone",
        "name: ' '",
        "11: organizations[0].conversations[1].name must have a character that can be seen",
    ),
    "no room for numbers": (
        "- {}",
        f"- {{name: {'x' * 250}, count: 2}}",
        "16: organizations[1].conversations[0].name must leave 7 of 255 characters",
    ),
    "a group of two": (
        "size: 50",
        "size: 2",
        "11: organizations[0].conversations[1].size must be at least 3, not 2",
    ),
    "a group of many": (
        "size: 50",
        "size: [3, 51]",
        "11: organizations[0].conversations[1].size[1] must be at most 50, not 51",
    ),
    "a size of three": (
        "size: 50",
        "size: [3, 4, 5]",
        "11: organizations[0].conversations[1].size must be one number, or two",
    ),
    "a size of words": (
        "size: 50",
        "size: many",
        "11: organizations[0].conversations[1].size must be a whole number, not many",
    ),
    "a size backwards": (
        "size: 50",
        "size: [9, 3]",
        "11: organizations[0].conversations[1].size must go from the smaller",
    ),
    "a direct one with a name": (
        "count: 3",
        "name: Us",
        "10: organizations[0].conversations[0].name is for groups; a direct conversation has none",
    ),
    "a direct one with a size": (
        "count: 3",
        "size: 4",
        "10: organizations[0].conversations[0].size is for groups; a direct conversation has two",
    ),
    "too many pairs with one": (
        "count: 3",
        "count: 9",
        "10: organizations[0].conversations[0].count must be at most 8, not 9",
    ),
    "too many pairs": (
        "- {}",
        "- {direct: true, count: 11}",
        "16: organizations[1].conversations[0].count must be at most 10",
    ),
    "a pair that may be taken": (
        "- {name: Everyone, size: 50}",
        "- {direct: true, users: [pat@harbour.example, kim@harbour.example]}",
        "11: organizations[0].conversations[1].count must be at most 0, not 1",
    ),
    "more named than users": (
        "users: 5",
        "users: 3\n    named: [{email: ann@quay.example, name: Ann}]",
        "14: organizations[1].users must be at least 4, for an owner, 2 admins and the others who are named",
    ),
    "too few to lead": (
        "slug: quay",
        "slug: quay\n    admins: 5",
        "15: organizations[1].users must be at least 6, for an owner",
    ),
    "fewer messages than conversations have": (
        "- {}",
        "- {messages: 500}",
        "12: organizations[1].messages is not given; its share of the world's is 36",
    ),
    "more messages than anybody writes": (
        "- {}",
        "- {messages: 5}",
        "12: organizations[1].messages is not given; its share of the world's is 36, its conversations have "
        "5 of their own, and none without a number shares the rest",
    ),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    path = tmp_path_factory.mktemp("worlds") / "mine.yaml"

    def write(text: str | bytes) -> Path:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def told(path: Path) -> list[str]:
    """What is told about a file, without its name."""
    with pytest.raises(Invalid) as refused:
        load(path)
    head, *lines = refused.value.message.split("\n  ")
    assert head == f"{path} is no world:" if lines else head.startswith(str(path))
    return [line.removeprefix(f"{path}:") for line in lines or [head]]


def keeps_limits(built: Outline) -> None:
    """What the backend and the rest of the seed rely on."""
    spec = built.spec
    assert built.messages == sum(limits.amounts(spec))
    emails = [person.email for person in built.people]
    assert len(set(emails)) == len(emails) == sum(team.users for team in spec.organizations)
    members = {(member.organization_id, member.user_id) for member in built.members}
    assert len(members) == len(built.members) == len(emails) + len(spec.organizations) * spec.visits
    pairs: Counter[object] = Counter()
    for chat in built.chats:
        people = {person.id for person in chat.people}
        assert len(people) == len(chat.people)
        assert {(chat.conversation.organization_id, person) for person in people} <= members
        if chat.conversation.is_group:
            assert 3 <= len(people) <= 50
            assert len(chat.conversation.name or "") in range(1, 256)
        else:
            assert len(people) == 2
            pairs[chat.conversation.organization_id, frozenset(people)] += 1
    assert set(pairs.values()) <= {1}
    for organization in built.organizations:
        assert re.fullmatch("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", organization.slug)
        roles = [it.role for it in built.members if it.organization_id == organization.id]
        assert "owner" in roles


def test_the_example_is_read_and_built_and_has_every_key() -> None:
    world = load(EXAMPLE)
    keeps_limits(outline.build(world))

    keys = set(re.findall(r"(\w+):", re.sub(r"#.*", "", EXAMPLE.read_text())))
    assert keys == {field for kind in KINDS for field in kind.__dataclass_fields__}
    assert world.organizations[0].conversations[0] == Talk(
        direct=True, users=("olu@harbour.example", "kim@harbour.example"), messages=120
    )
    assert world.organizations[0].named[1] == Named("kim@harbour.example", "Kim Berg")
    assert world.habits.sentences == (1, 3)


def test_what_is_not_said_is_as_in_the_spec(written: Written) -> None:
    least = "organizations: [{name: A, slug: a, users: 3, conversations: []}]"

    assert load(written(least)) == Spec("mine", (Team("A", "a", 3, ()),))


def test_one_number_is_from_and_to(written: Written) -> None:
    world = load(
        written(BASE.replace("size: 50", "size: 4").replace("messages: 100", "habits: {sentences: 2}"))
    )

    assert world.organizations[0].conversations[1].size == (4, 4)
    assert world.habits.sentences == (2, 2)


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_line_and_key(written: Written, old: str, new: str, sentence: str) -> None:
    load(written(BASE))
    assert BASE.count(old) == 1

    (line,) = told(written(BASE.replace(old, new)))
    assert line.startswith(sentence)
    assert len(line) < 250


def test_everything_wrong_is_told_at_once_in_the_order_of_the_lines(written: Written) -> None:
    text = """\
weekes: 3
organizations:
  - name: A
    slug: A!
    users: many
    languages: [xx]
    named: [{email: Pat, name: Pat, role: boss}]
    conversations:
      - {direct: true, name: Us, size: 2}
      - {users: [kim@a.example]}
  - name: B
    slug: b
    users: 3
    conversations: [{count: 2, direct: true}, {direct: true, count: 2}]
"""
    lines = told(written(text))

    assert [line.split()[0] + line.split()[1] for line in lines] == [
        "1:weekes",
        "4:organizations[0].slug",
        "5:organizations[0].users",
        "6:organizations[0].languages[0]",
        "7:organizations[0].named[0].email",
        "7:organizations[0].named[0].role",
        "9:organizations[0].conversations[0].name",
        "9:organizations[0].conversations[0].size",
        "10:organizations[0].conversations[1].users[0]",
        "14:organizations[1].conversations[1].count",
    ]


def test_of_more_than_ten_mistakes_ten_are_told(written: Written) -> None:
    lines = told(written("organizations: []\n" + "".join(f"key{n}: 1\n" for n in range(5000))))

    assert len(lines) == 11
    assert lines[-1] == "and more"


def test_of_many_things_known_a_few_are_told(written: Written) -> None:
    named = ", ".join(f"{{email: a{n}@b.example, name: A}}" for n in range(99))
    text = BASE.replace("slug: quay", f"slug: quay\n    named: [{named}]").replace("users: 5", "users: 150")

    (line,) = told(written(text.replace("- {}", "- {users: [x]}")))
    assert line.endswith("a14@b.example and 84 more")


def test_what_stands_in_for_a_broken_value_makes_no_mistake_of_its_own(written: Written) -> None:
    for key in (
        "users: 9",
        "slug: harbour",
        "count: 3",
        "size: 50",
        "role: admin",
        "direct: true",
        "messages: 100",
    ):
        name, _, _ = key.partition(":")
        (line,) = told(written(BASE.replace(key, f"{name}: [[]]")))
        assert f"{name} must be" in line


@pytest.mark.parametrize(
    ("text", "sentence"),
    {
        "empty": ("", " is empty"),
        "only a comment": ("# nothing yet\n", " is empty"),
        "a list": ("- a\n", ":1: the world must be a mapping, not a list of 1"),
        "a word": ("world", ":1: the world must be a mapping, not world"),
        "not UTF-8": (b"name: a\nmessages: \xff", ":2: is not UTF-8 (invalid start byte)"),
        "UTF-16": ("name: a".encode("utf-16"), ":1: is not UTF-8"),
        "not YAML": (
            "name: a\nweeks: [1",
            ":2: cannot be read as YAML: the [ or { that opens here",
        ),
        "a tab": ("name: a\n\tweeks: 1", ":2: cannot be read as YAML: there is a tab"),
        "a control character": (
            "name: a\nweeks: \x07",
            ":2: is not YAML: special characters are not allowed",
        ),
        "two documents": (
            "name: a\n---\nname: b",
            ":2: cannot be read as YAML: a second document begins here",
        ),
        "a tag": (
            "name: a\nweeks: !!python/name:os.system 1",
            ":2: cannot be read as YAML: anchors (&), aliases",
        ),
        "an alias": (
            "name: a\nweeks: *x",
            ":2: cannot be read as YAML: anchors (&), aliases",
        ),
        "a bomb": (
            "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in pairwise("abcdefghi")),
            ":1: cannot be read as YAML: anchors (&), aliases (*) and tags (!)",
        ),
        "nested deeply": ("[" * 50_000, ":1: cannot be read as YAML: nested deeper than a world is"),
        "keys of keys": ("? " * 50_000, ":1: cannot be read as YAML: nested deeper than a world is"),
        "large": ("#" * 300_000, " is larger than 256 KiB"),
    }.values(),
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(
    written: Written, text: str | bytes, sentence: str
) -> None:
    path = written(text)
    with pytest.raises(Invalid) as refused:
        load(path)
    assert refused.value.message.startswith(f"{path}{sentence}")


def test_a_file_that_is_missing_or_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.yaml cannot be read: No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(Invalid, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_world_is_called_like_its_file_unless_it_has_a_name(tmp_path: Path) -> None:
    for stem, name in (("staging_load", ""), ("my world", "name: mine\n"), ("demo", "name: mine\n")):
        path = tmp_path / f"{stem}.yaml"
        path.write_text(name + BASE)
        assert load(path).name == ("mine" if name else stem)
    for stem, wrong in (("my world", "must be at most 63 letters"), ("Demo", "must be another than Demo")):
        path = tmp_path / f"{stem}.yaml"
        path.write_text(BASE)
        assert re.search(f"yaml:1: name {wrong}", "".join([f"{path}:", *told(path)]))


A = Team("A", "a", 5, (Talk(),))
B = Team("B", "b", 3, (), admins=1)


@pytest.mark.parametrize(
    ("world", "sentence"),
    [
        (Spec("x", (A,), visits=True), "needs a second organization"),
        (Spec("x", (A, B), visits=True), None),
        (
            Spec("x", (A, replace(B, admins=2)), visits=True),
            "must be at least 4, so that a member can visit a",
        ),
        (
            Spec("x", (replace(A, admins=0), replace(B, admins=3, users=4)), visits=True),
            "must be at least 5, so that a member can visit a",
        ),
        (
            Spec(
                "x",
                (replace(B, named=tuple(Named(f"{n}@b.example", "N") for n in "xyz"), users=5), A),
                hostile=True,
            ),
            None,
        ),
        (
            Spec(
                "x",
                (replace(B, admins=0, named=(Named("x@b.example", "X", "owner"),), users=1),),
                hostile=True,
            ),
            "must be at least 2, so that somebody who is not named has a hostile name",
        ),
        (
            Spec("x", (replace(A, users=2, admins=0),)),
            "is for groups of 3 and more; the organization has too few users",
        ),
        (
            Spec("x", (replace(A, messages=5),), messages=5),
            "is for organizations without messages of their own",
        ),
        (
            Spec("x", (replace(A, messages=5, conversations=(Talk(messages=6),)),)),
            "is 5, its conversations have 6",
        ),
        (
            Spec("x", (replace(A, messages=7, conversations=(Talk(messages=6),)),)),
            "is 7, its conversations have 6 of their own, and none without a number shares the rest",
        ),
        (
            Spec("x", (A, B), messages=8),
            "is not given; its share of the world's is 3, its conversations have 0 of their own, and none",
        ),
        (
            Spec("x", tuple(replace(A, slug=slug, users=60_000) for slug in "ab")),
            "would have 120000 users in all; a world has at most 100000",
        ),
        (
            Spec("x", (replace(A, conversations=(Talk(count=99_999), Talk(count=2))),)),
            "would have 100001 conversations in all; a world has at most 100000",
        ),
        (
            Spec("x", (replace(A, conversations=(Talk(count=101, messages=1_000_000),)),)),
            "would have 101000000 messages in all; a world has at most 100000000",
        ),
    ],
)
def test_what_cannot_be_built_together_is_a_mistake(world: Spec, sentence: str | None) -> None:
    found = [mistake.sentence for mistake in limits.mistakes(world)]

    assert len(found) == (sentence is not None)
    assert all(it.startswith(sentence or "") for it in found)


@pytest.mark.parametrize("world", [DEMO, PERF], ids=lambda world: world.name)
def test_the_worlds_of_chatctl_keep_the_limits(world: Spec) -> None:
    assert list(limits.mistakes(world)) == []


def few(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


SPANS = st.one_of(st.integers(3, 8), st.tuples(st.integers(3, 5), st.integers(5, 50)).map(list))
SHARES = st.sampled_from([0, 0.05, 1])
WORDS = st.sampled_from(["A", "Everyone", "灯台", "x" * 255, "=1+1", " b "])


@st.composite
def teams(draw: st.DrawFn, slug: str) -> dict[str, Any]:
    handles = st.sampled_from(["pat", "kim", "sam+1", "ann_lee", "x-y", "grace.finch"])
    emails = st.builds("{}@{}.example".format, handles, st.sampled_from([slug, f"{slug}.work", "work"]))
    roles = st.sampled_from(["owner", "admin", "member"])
    named = st.fixed_dictionaries({"email": emails, "name": WORDS}, optional={"role": roles})
    known = draw(st.lists(named, max_size=3, unique_by=lambda it: it["email"]))
    some = st.lists(
        st.sampled_from([it["email"] for it in known] or [""]), max_size=len(known) and 2, unique=True
    )
    any_talk = {"count": st.integers(1, 5), "users": some, "without": some, "messages": few(5)}
    group = st.fixed_dictionaries({}, optional={"name": WORDS, "size": SPANS, **any_talk})
    direct = st.fixed_dictionaries({"direct": st.just(True)}, optional=any_talk)
    required = {
        "name": WORDS,
        "slug": st.just(slug),
        "users": st.integers(4, 12),
        "named": st.just(known),
        "conversations": st.lists(group | direct, max_size=5),
    }
    optional = {
        "cultures": st.lists(st.sampled_from(list(names.NAMES)), min_size=1, unique=True),
        "languages": st.lists(st.sampled_from(["en", "ja", "ar"]), min_size=1),
        "admins": few(3),
        "messages": st.integers(60, 300),
        "skew": st.sampled_from([0, 1, 2.5, 5]),
    }
    return draw(st.fixed_dictionaries(required, optional=optional))


WORLDS = st.fixed_dictionaries(
    {"organizations": st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).flatmap(
        lambda slugs: st.tuples(*map(teams, slugs)).map(list)
    )},
    optional={
        "messages": st.integers(300, 900),
        "weeks": st.sampled_from([1, 4, 520]),
        "habits": st.fixed_dictionaries({}, optional={"sentences": st.integers(1, 9), "deletions": SHARES}),
        "visits": st.booleans(),
        "hostile": st.booleans(),
    },
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(world=WORLDS, seed=st.integers(1, 50), factor=st.sampled_from([0.01, 0.3, 1, 1.7, 4]))
def test_what_is_read_can_be_built_at_any_scale(
    written: Written, world: dict[str, Any], seed: int, factor: float
) -> None:
    try:
        spec = load(written(json.dumps(world)))
    except Invalid:
        event("refused")
        return
    event("read")
    keeps_limits(outline.build(spec, seed))
    keeps_limits(outline.build(scaled(spec, factor), seed))


TEXTS = st.one_of(
    st.text(),
    st.binary(),
    st.lists(
        st.sampled_from(
            [*"[]{},:-?&*!|>'\"#%@`<=~\n ", "\n  ", "- ", ": ", "<<: ", "0x", "1:1", "2026-02-30", *KEYS]
        )
    ).map("".join),
)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
@example(text="weeks: 0b_")
@example(text="weeks: 1:" + "59:" * 2000 + "1")
@example(text="last_day: 2026-01-01 00:00:00 +99:99")
@example(text="name: =")
@example(text="<<: {name: x}")
@example(text="organizations: [{}, {}]")
def test_any_text_is_no_world_or_refused(written: Written, text: str | bytes) -> None:
    told(written(text.encode(errors="surrogatepass") if isinstance(text, str) else text))


@settings(max_examples=200, deadline=None)
@given(start=few(2000), length=few(20), new=TEXTS)
def test_an_example_that_was_tampered_with_is_read_or_refused(
    written: Written, start: int, length: int, new: str | bytes
) -> None:
    whole = EXAMPLE.read_bytes()
    new = new.encode(errors="surrogatepass") if isinstance(new, str) else new
    with suppress(Invalid):
        load(written(whole[:start] + new + whole[start + length :]))


def test_a_file_of_the_largest_size_takes_seconds_at_most(written: Written) -> None:
    start = time.monotonic()
    conversations = "".join(
        f"      - {{direct: true, count: 3, without: [a{n}@a.example]}}\n" for n in range(999)
    )
    named = "".join(f"      - {{email: a{n}@a.example, name: Anna}}\n" for n in range(999))
    head = "organizations:\n  - name: A\n    slug: a\n    users: 2000\n"
    load(written(f"{head}    named:\n{named}    conversations:\n{conversations}"))

    assert time.monotonic() - start < 20


@pytest.mark.parametrize("factor", [0.001, 0.1, 0.35, 2, 10, 99])
@pytest.mark.parametrize("world", [DEMO, PERF, load(EXAMPLE)], ids=lambda world: world.name)
def test_a_scale_is_times_the_people_the_conversations_and_the_messages(world: Spec, factor: float) -> None:
    grown = scaled(world, factor)

    assert list(limits.mistakes(grown)) == []
    assert sum(limits.amounts(grown)) == pytest.approx(sum(limits.amounts(world)) * factor, rel=1e-4, abs=1)
    for before, after in zip(world.organizations, grown.organizations, strict=True):
        assert after.named == before.named
        assert after.users >= round(before.users * factor)
        if factor > 1:
            assert after.users == before.users * factor
        for talk, same in zip(before.conversations, after.conversations, strict=True):
            once = talk.name or len(talk.users) == 2
            assert same.count == (talk.count if once else max(1, round(talk.count * factor)))
    if sum(limits.amounts(grown)) < 300_000:
        keeps_limits(outline.build(grown))


def test_perf_ten_times_has_ten_times_the_messages() -> None:
    assert limits.amounts(scaled(PERF, 10)) == [10_100_000]


def test_a_scale_of_one_is_the_same_world() -> None:
    assert scaled(DEMO, 1) is DEMO


@pytest.mark.parametrize("factor", [0, -1, float("nan"), float("inf"), 1e300, 1001])
def test_a_scale_is_above_nothing_and_at_most_a_thousand(factor: float) -> None:
    with pytest.raises(Invalid, match="a scale must be more than 0 and at most 1000"):
        scaled(DEMO, factor)


def test_a_scale_that_exceeds_the_limits_is_refused() -> None:
    with pytest.raises(
        Invalid, match="perf at scale 100 would have 101000000 messages in all; a world has at most"
    ):
        scaled(PERF, 100)


def test_the_schema_knows_every_key_and_says_what_it_means() -> None:
    made = schema()
    parts = {**made["$defs"], "Spec": made}

    for kind in KINDS:
        keys = parts[kind.__name__]["properties"]
        assert list(keys) == list(kind.__dataclass_fields__)
        assert all(key["description"].endswith(".") for key in keys.values())
        assert parts[kind.__name__]["additionalProperties"] is False
    assert made["required"] == ["organizations"]


def test_the_documentation_has_a_row_for_every_key() -> None:
    made, text = schema(), DOCS.read_text()

    for part in (made, *made["$defs"].values()):
        for key, about in part["properties"].items():
            assert row(key, about, needed=key in part.get("required", ())) in text
    for words in (names.NAMES, corpus.EXCHANGES):
        assert ", ".join(f"`{word}`" for word in words) in text


def test_the_documentation_shows_worlds_that_can_be_read(written: Written) -> None:
    worlds = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)

    assert worlds
    for world in worlds:
        keeps_limits(outline.build(load(written(world))))


def row(key: str, about: dict[str, Any], *, needed: bool) -> str:
    """A line of the documentation: what a key takes, its default, and what it means."""
    default = "required" if needed else shown(about.get("default"))
    return f"| `{key}` | {takes(about)} | {default} | {about['description'].removesuffix('.')} |"


def shown(default: Any) -> str:
    return (
        "" if default in (None, []) else f"`{default if isinstance(default, str) else json.dumps(default)}`"
    )


def takes(about: dict[str, Any]) -> str:  # noqa: PLR0911 - one for each kind of value
    match about:
        case {"$ref": _}:
            return "[habits](#habits)"
        case {"anyOf": [one, {"type": "array"}]}:
            return f"{takes(one)}; or `[from, to]`"
        case {"anyOf": [one, {"type": "null"}]}:
            return takes(one)
        case {"enum": words}:
            return ", ".join(f"`{word}`" for word in words)
        case {"minimum": low, "maximum": high}:
            return f"{'whole number' if about['type'] == 'integer' else 'number'}, {low:,} to {high:,}"
        case {"items": {"$ref": kind}}:
            part = {"Team": "organizations", "Talk": "conversations", "Named": "named"}[kind.split("/")[-1]]
            return f"list of [{part}](#{part})"
        case {"type": "array"}:
            return "list"
        case {"maxLength": most}:
            return f"text, at most {most} characters"
        case {"format": "date"}:
            return "date"
    return {"boolean": "`true` or `false`", "string": "text"}[about["type"]]
