"""Files are read the same whichever editor saved them, and invalid ones are reported immediately."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatctl.errors import Invalid, NotFound
from chatctl.services.migrations import new
from chatctl.services.migrations.files import migrations, objects
from chatctl.sqltext.statements import bare, canonical, split, statements
from tests.support.sqlfiles import SqlFiles, version

V1 = version(1)


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    return SqlFiles(tmp_path / "sql")


def test_versions_are_sorted_whatever_their_names(files: SqlFiles) -> None:
    for number, name in [(3, "a"), (1, "z"), (10, "b"), (2, "_")]:
        files.version(number, "", name=name)

    assert [(file.version, file.name) for file in migrations(files.directory)] == [
        (version(1), "z"),
        (version(2), "_"),
        (version(3), "a"),
        (version(10), "b"),
    ]


def test_a_directory_without_files_has_no_versions(files: SqlFiles) -> None:
    assert migrations(files.directory) == objects(files.directory) == []


@pytest.mark.parametrize(
    "name",
    [
        "notes.sql",
        "1_short.sql",
        "2026010100000_thirteen.sql",
        "202601010000001_fifteen.sql",
        "20260101000001.sql",
        "20260101000001_.sql",
        "20260101000001-dash.sql",
        "20260101000001_Upper.sql",
        "20260101000001_ä.sql",
        "20260101000001_a b.sql",
        "20260101000001_a.down.sql",
        "٢٠٢٦٠١٠١٠٠٠٠٠١_digits.sql",
        "V1__flyway.sql",
    ],
)
def test_a_badly_named_version_is_refused(files: SqlFiles, name: str) -> None:
    (files.directory / "migrations" / name).touch()

    with pytest.raises(Invalid, match=r"a migration is named <14 digits>_<name>\.sql") as refused:
        migrations(files.directory)
    assert refused.value.message.startswith(f"sql/migrations/{name}: ")


def test_files_that_are_not_sql_are_ignored(files: SqlFiles) -> None:
    for name in ("README.md", f"{V1}_a.sql~", f"{V1}_a.sql.orig", f".{V1}_a.swp", "squawk.toml"):
        (files.directory / "migrations" / name).touch()
        (files.object("functions/f.sql", "").parent / name).touch()

    assert migrations(files.directory) == []
    assert [file.path for file in objects(files.directory)] == ["objects/functions/f.sql"]


def test_a_duplicate_version_is_refused_and_both_files_are_named(files: SqlFiles) -> None:
    files.version(1, "", name="a")
    files.version(1, "", name="b")

    with pytest.raises(Invalid, match=f"sql/migrations/{V1}_b.sql: migrations/{V1}_a.sql"):
        migrations(files.directory)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_endings_are_kept_and_are_the_same_file(files: SqlFiles, end: str) -> None:
    text = "-- why\n-- chatctl:no-transaction\ncreate index concurrently i\non t ('a\nb');\n"
    files.version(1, text)
    files.version(2, b"\xef\xbb\xbf" + text.replace("\n", end).encode())

    unix, other = migrations(files.directory)

    assert unix.sha256 == other.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert other.text == text.replace("\n", end)
    assert other.recorded == [statement.text for statement in other.statements]
    assert other.recorded == [text.rstrip(";\n").replace("\n", end)]
    assert unix.outside_transaction and other.outside_transaction


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"select '\xe9';", "it is not UTF-8 at byte 8"),
        ("select 1;".encode("utf-16"), "it is not UTF-8 at byte 0"),
        (b"select 1;\0 drop table t;", "it contains a NUL character"),
    ],
)
def test_a_file_that_is_not_text_is_refused(files: SqlFiles, content: bytes, reason: str) -> None:
    files.version(1, content)
    with pytest.raises(Invalid, match=f"sql/migrations/{V1}_step.sql cannot be read: {reason}"):
        migrations(files.directory)

    files.object("views/v.sql", content)
    with pytest.raises(Invalid, match=f"sql/objects/views/v.sql cannot be read: {reason}"):
        objects(files.directory)


def test_a_directory_named_like_a_file_is_refused(files: SqlFiles) -> None:
    (files.directory / "migrations" / f"{V1}_step.sql").mkdir()
    (files.directory / "objects" / "views" / "v.sql").mkdir(parents=True)

    with pytest.raises(Invalid, match=f"sql/migrations/{V1}_step.sql cannot be read: is a directory"):
        migrations(files.directory)
    with pytest.raises(Invalid, match=r"sql/objects/views/v\.sql cannot be read: is a directory"):
        objects(files.directory)


def test_links_are_followed_and_dangling_ones_are_named(files: SqlFiles, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.sql").write_text("select 1;")
    link = files.directory / "migrations" / f"{V1}_step.sql"
    link.symlink_to(tmp_path / "elsewhere.sql")
    assert migrations(files.directory)[0].text == "select 1;"

    (tmp_path / "elsewhere.sql").unlink()
    with pytest.raises(NotFound, match=f"sql/migrations/{V1}_step.sql does not exist"):
        migrations(files.directory)

    link.unlink()
    link.symlink_to(link)
    with pytest.raises(Invalid, match=f"sql/migrations/{V1}_step.sql cannot be read"):
        migrations(files.directory)


@pytest.mark.parametrize("path", ["f.sql", "function/f.sql", "function/more/f.sql"])
def test_an_object_file_in_an_unknown_folder_is_named(files: SqlFiles, path: str) -> None:
    files.object("functions/good.sql", "select 1;")
    files.object(path, "select 1;")

    with pytest.raises(Invalid, match=f"sql/objects/{path} is in an unknown folder"):
        objects(files.directory)


def test_objects_are_ordered_by_folder(files: SqlFiles) -> None:
    for path in (
        "access/a.sql",
        "realtime/a.sql",
        "views/b.sql",
        "views/more/a.sql",
        "views/a.sql",
        "functions/z.sql",
    ):
        files.object(path, "")

    assert [file.path.removeprefix("objects/") for file in objects(files.directory)] == [
        "functions/z.sql",
        "views/a.sql",
        "views/b.sql",
        "views/more/a.sql",
        "access/a.sql",
        "realtime/a.sql",
    ]


@pytest.mark.parametrize(
    ("head", "outside"),
    [
        ("-- chatctl:no-transaction\n", True),
        ("--chatctl: no-transaction\n", True),
        ("-- why\n\n  -- chatctl:no-transaction  \n", True),
        ("-- pg-delta: transaction=false\n", True),
        ("-- chatctl:no-transaction, please\n", False),
        ("/* licence\n*/\n-- chatctl:no-transaction\n", True),
        ("/* why */ -- chatctl:no-transaction\n", True),
        ("-- not chatctl:no-transaction\n", False),
        ("-- one\u2028-- chatctl:no-transaction\n", False),
        ("/* -- chatctl:no-transaction */\n", False),
        ("/*\n-- chatctl:no-transaction\n*/\n", False),
        ("select 1;\n-- chatctl:no-transaction\n", False),
    ],
)
def test_the_marker_before_the_first_statement_means_no_transaction(
    files: SqlFiles, head: str, *, outside: bool
) -> None:
    statement = "" if head.startswith("select") else "select 1;"
    files.version(1, head + statement)

    assert migrations(files.directory)[0].outside_transaction is outside


@pytest.mark.parametrize("rest", ["", "-- later\n", ";;", "select 1; select 2;"])
def test_a_file_outside_a_transaction_has_one_statement(files: SqlFiles, rest: str) -> None:
    files.version(1, f"-- chatctl:no-transaction\n{rest}")

    with pytest.raises(Invalid, match=r"must contain one statement, not [02]"):
        migrations(files.directory)


def test_an_exported_directory_cannot_be_run(files: SqlFiles) -> None:
    files.version(1, "select 1;\n\n-- chatctl:objects\n-- From here on: ...\nselect 2;\n")

    with pytest.raises(Invalid, match="was written by `chatctl migrate export`"):
        migrations(files.directory)


NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_a_new_version_is_named_after_its_time_and_purpose(files: SqlFiles) -> None:
    path = new.path_for(files.directory, " Add pinned-messages.v2 ", now=NOW)

    assert path == files.directory / "migrations" / "20260504030201_add_pinned_messages_v2.sql"


@pytest.mark.parametrize(
    ("newest", "after"),
    [
        ("20260504030200", "20260504030201"),  # the current time
        ("20260504030201", "20260504030202"),
        ("20261231235959", "20270101000000"),
        ("20280228235959", "20280229000000"),
        ("20261399999999", "20261400000000"),  # not a valid time, but 14 digits
        ("99991231235959", "99991231235960"),
    ],
)
def test_a_new_version_comes_after_the_newest(files: SqlFiles, newest: str, after: str) -> None:
    (files.directory / "migrations" / f"{newest}_last.sql").touch()

    path = new.path_for(files.directory, "next", now=NOW)
    path.touch()

    assert path.name == f"{after}_next.sql"
    assert [file.version for file in migrations(files.directory)] == [newest, after]


def test_after_the_last_possible_version_a_new_one_is_refused(files: SqlFiles) -> None:
    (files.directory / "migrations" / f"{'9' * 14}_last.sql").touch()

    with pytest.raises(Invalid, match="no version after 99999999999999"):
        new.path_for(files.directory, "next", now=NOW)


@pytest.mark.parametrize("name", ["", " ", "ä", "a/b", "../up", "a;b", "a\0b", "a\x1b[31m", "x" * 201])
def test_an_invalid_file_name_is_refused(files: SqlFiles, name: str) -> None:
    with pytest.raises(Invalid, match="the name of a migration"):
        new.path_for(files.directory, name, now=NOW)


@pytest.mark.parametrize("name", ["x", "x" * 200, "why\nnot", "-x-"])
def test_a_new_file_is_valid(files: SqlFiles, name: str) -> None:
    path = new.path_for(files.directory, name, now=NOW)
    path.write_text(new.text_for(name, no_transaction=False))

    (file,) = migrations(files.directory)
    assert file.statements == []
    assert new.text_for(name, no_transaction=True).count("-- chatctl:no-transaction\n") == 1


QUOTED = ["'a  -- b'", "'/* '", '"x  ;y"', "$$ -- ;\n $$", "$t$ /* $t$", r"E'\' ;'", "''", "'it''s'"]
WORDS = st.sampled_from(["select", "a", "+", "(", ")", ",", "begin", "case", "1"])
GAPS = st.sampled_from([" ", "\n", "\r\n", "\t \n", " -- why; 'not\n", " /* a /* ; */ $$ */ ", "\n\n--\n"])


# Never two strings in a row: a line break between them has a meaning.
@given(st.lists(st.tuples(WORDS, GAPS, WORDS | st.sampled_from(QUOTED), GAPS), min_size=1, max_size=8))
@settings(deadline=None)
def test_whitespace_and_comments_do_not_change_a_statement(
    pairs: list[tuple[str, str, str, str]],
) -> None:
    plain = " ".join(f"{word} {other}" for word, _, other, _ in pairs)
    spaced = "".join("".join(pair) for pair in pairs)

    assert bare(spaced) == bare(plain) == plain
    assert canonical([spaced]) == canonical([plain])
    assert canonical([f"{spaced};{spaced}"]) == canonical(split(f"{spaced};{spaced}"))


@given(st.sampled_from(QUOTED), st.text("ab ;-/*", min_size=1, max_size=3), st.integers(min_value=1))
def test_every_space_inside_quotes_counts(quoted: str, more: str, place: int) -> None:
    inside = quoted.index(quoted[-1]) + 1  # after the opening quote
    place = inside + place % (len(quoted) - inside) if quoted.startswith(("'", '"')) else inside
    changed = quoted[:place] + more + quoted[place:]
    if len(split(changed)) == len(split(quoted)) == 1 and bare(changed) != bare(quoted):
        assert canonical([f"select {changed}"]) != canonical([f"select {quoted}"])


PIECES = [*"'\"$;()[]-/*\\ \n\r\fxe", "$$", "E'", "begin", "atomic", " end", "create function", "\u00a0"]


@given(st.text(max_size=300) | st.lists(st.sampled_from(PIECES)).map("".join))
@settings(max_examples=300, deadline=None)
def test_splitting_any_text_loses_nothing(script: str) -> None:
    parts = statements(script)
    lines = re.split("\r\n|\r|\n", script)

    for statement in parts:
        assert statement.text == statement.text.strip(" \t\n\r\f\v") != ""
        assert re.split("[\r\n]", statement.text, maxsplit=1)[0] in lines[statement.line - 1]
        assert statement.line <= statement.first_line
        assert [each.text for each in statements(statement.text)] == [statement.text]
    assert bare(bare(script)) == bare(script)


def test_a_long_script_takes_linear_time() -> None:
    parts = statements("insert into t values (1, 'a;b');\n" * 20_000)

    assert [statement.line for statement in parts] == list(range(1, 20_001))
