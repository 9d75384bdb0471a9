"""The reported mistakes of a file that describes a world."""

from __future__ import annotations

import pytest

from chatctl.services.seed.specfile import load
from tests.support.worldfiles import BASE, Written, mistakes_in

# The changed text, the new text -> the reported line, key and sentence.
MISTAKES = {
    "an unknown key": ("users: 9", "user: 9", "5: organizations[0].user is not known; did you mean users?"),
    "a key of nowhere": (
        "size: 50",
        "xyz: 1",
        "11: organizations[0].conversations[1].xyz is not known; known:",
    ),
    "a key that is missing": ("    users: 9\n", "", "3: organizations[0].users is missing"),
    "a key twice": (
        "users: 9",
        "users: 9\n    users: 9",
        "6: organizations[0].users appears twice, first on line 5",
    ),
    "a key that is a list": (
        "messages: 100",
        "[a]: 1",
        "1: the world has a key that is not text, but a list of 1",
    ),
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
    "an empty text": (
        "name: Quay",
        "name: ''",
        "12: organizations[1].name must have at least one character, not ''",
    ),
    "too long a text": (
        "name: Quay",
        f"name: {'x' * 256}",
        "12: organizations[1].name must have at most 255 characters",
    ),
    "a blank text": (
        "name: Quay",
        "name: '  '",
        "12: organizations[1].name must have a visible character",
    ),
    "a NUL": (
        "name: Quay",
        r'name: "\0Quay"',
        "12: organizations[1].name must have a visible character and no NUL",
    ),
    "half a character": (
        "name: Quay",
        r'name: "\ud800"',
        "12: organizations[1].name must be text that UTF-8 can encode",
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
        "1: habits.sentences must be in ascending order",
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
        "13: organizations[1].slug is 'harbour', which an earlier entry already has",
    ),
    "an email twice": (
        "kim@",
        "pat@",
        "8: organizations[0].named[1].email is 'pat@harbour.example', which an earlier entry already has",
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
        "of the organization; known: none",
    ),
    "an unknown one without": (
        "size: 50",
        "without: [x]",
        "11: organizations[0].conversations[1].without[0] is 'x', which is not under named "
        "of the organization; known: pat@harbour.example, kim@harbour.example",
    ),
    "a user twice": (
        "[pat@harbour.example]",
        "[pat@harbour.example, pat@harbour.example]",
        "10: organizations[0].conversations[0].users[1] is 'pat@harbour.example', which is already listed",
    ),
    "a user with and without": (
        "size: 50",
        "users: [pat@harbour.example], without: [pat@harbour.example]",
        "11: organizations[0].conversations[1].without[0] is pat@harbour.example, which is also in users",
    ),
    "an unknown language": (
        "slug: quay",
        "slug: quay\n    languages: [en, jp]",
        "14: organizations[1].languages[1] is 'jp', which is not known; known: en, es",
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
        "14: organizations[1].cultures[1] is 'german', which is already",
    ),
    "a conversation twice": (
        "- {}",
        "- {name: All}\n      - {name: All}",
        "17: organizations[1].conversations[1].name is 'All', which an earlier",
    ),
    "a blank conversation": (
        "name: Everyone",
        "name: ' '",
        "11: organizations[0].conversations[1].name must have a visible character",
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
        "11: organizations[0].conversations[1].size must be in ascending order",
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
        "14: organizations[1].users must be at least 4, to include an owner, 2 admins and the other named",
    ),
    "too few to lead": (
        "slug: quay",
        "slug: quay\n    admins: 5",
        "15: organizations[1].users must be at least 6, to include an owner",
    ),
    "fewer messages than conversations have": (
        "- {}",
        "- {messages: 500}",
        "12: organizations[1].messages is not given; its share of the world's is 36",
    ),
    "more messages than anybody writes": (
        "- {}",
        "- {messages: 5}",
        "12: organizations[1].messages is not given; its share of the world's is 36, but its conversations "
        "have 5 of their own, and no conversation without a number shares the rest",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_with_line_and_key(written: Written, old: str, new: str, sentence: str) -> None:
    load(written(BASE))
    assert BASE.count(old) == 1

    (line,) = mistakes_in(written(BASE.replace(old, new)))
    assert line.startswith(sentence)
    assert len(line) < 250


def test_all_mistakes_are_reported_at_once_in_the_order_of_their_lines(written: Written) -> None:
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
    lines = mistakes_in(written(text))

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


def test_at_most_ten_mistakes_are_reported(written: Written) -> None:
    lines = mistakes_in(written("organizations: []\n" + "".join(f"key{n}: 1\n" for n in range(5000))))

    assert len(lines) == 11
    assert lines[-1] == "and more"


def test_only_a_few_of_many_known_names_are_listed(written: Written) -> None:
    named = ", ".join(f"{{email: a{n}@b.example, name: A}}" for n in range(99))
    text = BASE.replace("slug: quay", f"slug: quay\n    named: [{named}]").replace("users: 5", "users: 150")

    (line,) = mistakes_in(written(text.replace("- {}", "- {users: [x]}")))
    assert line.endswith("a14@b.example and 84 more")


def test_the_placeholder_of_an_invalid_value_causes_no_second_mistake(written: Written) -> None:
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
        (line,) = mistakes_in(written(BASE.replace(key, f"{name}: [[]]")))
        assert f"{name} must be" in line
