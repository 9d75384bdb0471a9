"""The parts of ``migrate lint`` without a database: file names, accepted findings, the output of squawk."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, get_args

import pytest

from chatctl.data import data_directory
from chatctl.errors import Invalid
from chatctl.services.lint import accepted, filerules, squawk
from chatctl.services.lint.findings import Level, LintFinding
from chatctl.services.lint.run import rules
from chatctl.services.migrations.files import NO_TRANSACTION, SqlFile
from tests.support import lints_page

LINTS = sorted((data_directory("sql") / "lints").glob("*.sql"))
KNOWN = [rule.name for rule in rules()]
CLEAN = SqlFile("migrations/20260101000000_notes.sql", "create table public.notes (id bigint primary key);\n")


def accept(directory: Path, text: str) -> list[accepted.LintSuppression]:
    (directory / "lints").mkdir(exist_ok=True)
    (directory / accepted.PATH).write_text(text)
    return accepted.read(directory, KNOWN)


def finding(rule: str, **place: Any) -> LintFinding:
    return LintFinding(rule, "error", "Title.", "problem", "remedy", **place)


# File names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("20260101000000_notes.sql", None),
        ("20240229235959_leap_day.sql", None),
        ("2026010100000_notes.sql", "the name is not"),
        ("202601010000000_notes.sql", "the name is not"),
        ("20260101000000.sql", "the name is not"),
        ("20260101000000_.sql", "the name is not"),
        ("20260101000000_Add-Notes.sql", "the name is not"),
        ("notes.sql", "the name is not"),
        ("20261301000000_notes.sql", "20261301000000 is not a valid date"),
        ("20260230000000_notes.sql", "20260230000000 is not a valid date"),
        ("20260101250000_notes.sql", "20260101250000 is not a valid date"),
        ("00000000000000_notes.sql", "00000000000000 is not a valid date"),
    ],
)
def test_a_version_is_a_valid_timestamp_of_14_digits(name: str, problem: str | None) -> None:
    findings = list(filerules.check([SqlFile(f"migrations/{name}", "select 1;")]))

    assert [each.rule for each in findings] == ["version_format"] * (problem is not None)
    assert all(each.problem.startswith(problem or "") for each in findings)
    assert all(each.where == f"migrations/{name}" for each in findings)


def test_a_duplicate_version_is_reported_at_the_later_file() -> None:
    names = ["20260101000000_a.sql", "20260101000000_b.sql", "20260101000001_c.sql"]

    (finding,) = filerules.check([SqlFile(f"migrations/{name}", "select 1;") for name in names])

    assert (finding.rule, finding.file) == ("version_twice", "migrations/20260101000000_b.sql")
    assert "20260101000000_a.sql" in finding.problem


def test_a_file_that_is_not_text_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "20260101000000_latin.sql").write_bytes(b"select '\xe9';")
    (tmp_path / "migrations" / "20260101000001_marked.sql").write_bytes(b"\xef\xbb\xbfselect 1;")

    files, (finding,) = filerules.read(tmp_path)

    assert (finding.rule, finding.file) == ("unreadable_file", "migrations/20260101000000_latin.sql")
    assert [file.text for file in files] == ["select 1;"]


def test_a_file_outside_a_transaction_has_one_statement() -> None:
    one = "-- chatctl:no-transaction\ncreate index concurrently if not exists a on public.t (a);\n"
    two = one + "\ncreate index concurrently if not exists b on public.t (b);\n"
    name = "migrations/20260101000000_index.sql"

    assert not list(filerules.check([SqlFile(name, one)]))
    (finding,) = filerules.check([SqlFile(name, two)])

    assert (finding.rule, finding.where) == ("one_statement_without_transaction", f"{name}:4")


# squawk -------------------------------------------------------------------------------------------------


def test_squawk_reports_file_and_line() -> None:
    text = "-- Quick.\n\ncreate index messages_content on public.messages (content);\n"

    findings = squawk.check([CLEAN, SqlFile("migrations/20260102000000_[odd] *.sql", text)])

    (index,) = (each for each in findings if each.rule == "require-concurrent-index-creation")
    assert index.where == "migrations/20260102000000_[odd] *.sql:3"
    assert "concurrently" in index.remedy
    assert (index.title, index.level) == ("Require concurrent index creation", "warning")


def test_squawk_counts_lines_with_any_line_ending() -> None:
    text = "-- Quick.\n\ncreate index messages_content on public.messages (content);\n"

    findings = squawk.check([SqlFile("migrations/x.sql", text.replace("\n", end)) for end in ("\r\n", "\r")])

    assert {each.where for each in findings} == {"migrations/x.sql:3"}


def test_an_index_on_a_table_of_the_same_file_needs_no_concurrently() -> None:
    both = SqlFile(CLEAN.path, CLEAN.text + "create index notes_id on public.notes (id);\n")

    assert "require-concurrent-index-creation" not in {each.rule for each in squawk.check([both])}


@pytest.mark.parametrize("alone", [True, False])
def test_a_concurrent_index_needs_a_file_outside_a_transaction(alone: bool) -> None:
    # squawk accepts a file that consists of only that statement; PostgreSQL refuses it when it runs.
    text = "select 1;\ncreate index concurrently if not exists m on public.messages (content);\n"
    file = SqlFile(CLEAN.path, f"{NO_TRANSACTION}\n" * alone + text)

    rules = {each.rule for each in squawk.check([file])}

    assert ("ban-concurrent-index-creation-in-transaction" in rules) is not alone


def test_the_index_template_of_migrate_new_has_no_finding() -> None:
    text = f"{NO_TRANSACTION}\ncreate index concurrently m on public.messages (content);\n"

    rules = {each.rule for each in squawk.check([SqlFile(CLEAN.path, text)])}

    assert rules == {"require-lock-timeout", "require-statement-timeout"}  # accepted in accepted.yaml


def test_a_table_without_schema_depends_on_the_search_path() -> None:
    findings = squawk.check([SqlFile(CLEAN.path, "alter table messages add column edited boolean;\n")])

    assert "require-table-schema" in {each.rule for each in findings}


def test_a_syntax_error_of_squawk_is_a_finding_too() -> None:
    findings = squawk.check([SqlFile(CLEAN.path, "create tabel x;\n")])

    assert {each.rule for each in findings} == {"syntax-error"}


def test_a_squawk_configuration_in_the_working_directory_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "create index m on public.messages (content);\n"
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["require-concurrent-index-creation"]\n')
    monkeypatch.chdir(tmp_path)

    findings = squawk.check([SqlFile(CLEAN.path, text)])

    assert "require-concurrent-index-creation" in {each.rule for each in findings}


def test_without_squawk_the_message_says_how_to_install_it(tmp_path: Path) -> None:
    """A Python with our packages but without scripts next to it, and an empty PATH."""
    python = tmp_path / "python"
    python.symlink_to(Path(sys.executable).resolve())
    paths = [str(data_directory("sql").parent), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    code = "from chatctl.services.lint import squawk; squawk.check([])"

    done = subprocess.run(
        [python, "-c", code],
        env={"PATH": "", "PYTHONPATH": ":".join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr.endswith("Invalid: squawk is not installed; pip install 'chatctl[lint]'\n")


# Accepted findings --------------------------------------------------------------------------------------


def test_without_a_file_nothing_is_accepted(tmp_path: Path) -> None:
    assert accepted.read(tmp_path, KNOWN) == []
    assert accept(tmp_path, "") == []


def test_an_entry_applies_everywhere_or_to_a_file_or_to_an_object(tmp_path: Path) -> None:
    entries = accept(
        tmp_path,
        """
squawk:
  - {rule: require-lock-timeout, reason: set by migrate}
  - {rule: ban-drop-column, file: migrations/a.sql, reason: nobody reads it}
rules:
  - rule: bare_auth_uid
    object: p on public.t
    reason: ten rows
""",
    )
    findings = [
        finding("require-lock-timeout", file="migrations/a.sql", line=3),
        finding("ban-drop-column", file="migrations/a.sql", line=4),
        finding("ban-drop-column", file="migrations/b.sql", line=4),
        finding("bare_auth_uid", object="p on public.t"),
        finding("bare_auth_uid", object="p on public.u"),
    ]

    open_findings, known = accepted.partition(findings, entries)

    assert [(each.rule, each.where) for each in open_findings] == [
        ("ban-drop-column", "migrations/b.sql:4"),
        ("bare_auth_uid", "p on public.u"),
    ]
    assert [entry.reason for _, entry in known] == ["set by migrate", "nobody reads it", "ten rows"]
    assert list(accepted.unused_entries(entries, findings, ())) == []


def test_an_unused_entry_is_reported_with_its_line(tmp_path: Path) -> None:
    entries = accept(
        tmp_path,
        "rules:\n  - rule: bare_auth_uid\n    reason: x\n  - rule: policy_without_to\n    reason: y\n",
    )

    findings = list(accepted.unused_entries(entries, [], ("policy_without_to",)))

    assert [(each.rule, each.where) for each in findings] == [
        ("accepted_without_cause", f"{accepted.PATH}:2")
    ]
    assert "bare_auth_uid" in findings[0].problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("squawk: [", "lints/accepted.yaml:1: cannot be read as YAML"),
        ("- rule: x", "lints/accepted.yaml:1: the list of accepted findings must be a mapping"),
        ("sqawk: []", r"lints/accepted.yaml:1: sqawk is not known; did you mean squawk\?"),
        ("1: []", "lints/accepted.yaml:1: 1 is not known"),
        ("squawk: all", "squawk must be a list"),
        ("squawk: {rule: x}", "squawk must be a list"),
        ("squawk: []\nsquawk: []", "lints/accepted.yaml:2: squawk appears twice, first on line 1"),
        ("squawk: [x]", r"squawk\[0\] must be a mapping"),
        ("squawk: [{rule: x}]", r"squawk\[0\]\.reason is missing"),
        ("squawk: [{rule: x, reason: ' '}]", r"squawk\[0\]\.reason must be text"),
        ("squawk: [{rule: x, reason:}]", r"squawk\[0\]\.reason must be text"),
        ("squawk: [{reason: x}]", r"squawk\[0\]\.rule is missing"),
        ("squawk: [{rule: x, reason: y, line: 3}]", r"squawk\[0\]\.line is not known"),
        ("rules: [{rule: policy_without_to, reason: y, object: [a]}]", r"rules\[0\]\.object must be text"),
        (
            "rules: [{rule: prefer-text-field, reason: y}]",
            r"rules\[0\]\.rule is prefer-text-field, which is not known",
        ),
    ],
)
def test_an_invalid_entry_is_refused_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        accept(tmp_path, text)


# The rules ----------------------------------------------------------------------------------------------


def test_every_rule_has_a_title_a_level_and_an_explanation() -> None:
    assert {path.stem for path in LINTS} <= set(KNOWN)
    assert len(set(KNOWN)) == len(KNOWN)
    for rule in rules():
        assert rule.title.endswith("."), rule
        assert len(rule.title) <= 120, rule
        assert rule.level in get_args(Level)
        assert rule.explanation.endswith("."), rule


def test_objects_of_supabase_are_defined_in_one_place() -> None:
    sql = data_directory("sql")
    queries = [
        *LINTS,
        *(path for folder in ("queries", "statements") for path in (sql / folder / "audit").rglob("*.sql")),
        *(path for folder in ("queries", "statements") for path in (sql / folder / "drift").glob("*.sql")),
    ]
    names = re.compile(r"supabase_|pgbouncer|pgsodium|'graphql'|'net'|'vault'|'extensions'|'realtime'")

    assert [path.name for path in queries if names.search(path.read_text())] == []
    assert names.search((sql / "queries" / "platform.sql").read_text())


@pytest.mark.parametrize("path", LINTS, ids=lambda path: path.stem)
def test_a_rule_also_runs_without_the_list_of_supabase_objects(path: Path) -> None:
    text = path.read_text()
    tolerant = re.findall(r"coalesce\(current_setting\('chatctl\.platform_\w+', true\), ''\)", text)
    assert len(tolerant) == text.count("chatctl.platform_")


def test_all_rules_find_the_roles_of_the_api_in_the_same_way() -> None:
    lines = {line for path in LINTS for line in path.read_text().splitlines() if "chatctl.api_roles" in line}

    assert len(lines) == 1


def test_the_page_of_rules_matches_their_files() -> None:
    assert lints_page.PAGE.read_text(encoding="utf-8") == lints_page.page()
