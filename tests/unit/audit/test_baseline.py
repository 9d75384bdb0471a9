"""The baseline: what is accepted, for how long, and what is reported for outdated entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from chatctl.errors import Invalid
from chatctl.services.audit.baseline import BaselineEntry, apply, load, updated, write
from chatctl.services.audit.findings.finding import AuditRule, Place
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.verdicts.cells import State
from tests.support.audit_reports import CLEAN, FOUND, finding

TODAY = date(2026, 6, 1)
LEAKS = """\
# Ours.
- rule: leak
  object: public.notes
  reason: until the export is there
  owner: ann
  expires: 2026-06-01
"""
NEW = BaselineEntry(
    rule=AuditRule.leak,
    object="",
    action=None,
    identities=frozenset(),
    reason="known",
    owner="bob",
    expires=date(2026, 9, 1),
    place=Place("", 1),
)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], list[BaselineEntry]]:
    """A function that writes a baseline and loads it."""

    def loaded(text: str) -> list[BaselineEntry]:
        (tmp_path / "accepted.yaml").write_text(text)
        return load(tmp_path / "accepted.yaml")

    return loaded


def rules(report: AuditReport) -> list[str]:
    return [each.rule.value for each in report.problems]


def test_an_entry_accepts_its_finding_until_the_last_day(read: Callable[[str], list[BaselineEntry]]) -> None:
    report = apply(FOUND, read(LEAKS), TODAY)
    assert rules(report) == ["unlisted", "invalid", "vacuous"]
    assert [each.finding.id for each in report.accepted] == [
        "leak:public.notes:select", "leak:public.notes:select body",
    ]  # fmt: skip
    assert report.cells[0].state is State.accepted


def test_a_day_later_the_finding_and_its_expired_entry_are_reported(
    read: Callable[[str], list[BaselineEntry]],
) -> None:
    report = apply(FOUND, read(LEAKS), date(2026, 6, 2))
    assert rules(report) == ["leak", "leak", "unlisted", "baseline", "invalid", "vacuous"]
    expired = next(each for each in report.findings if each.rule is AuditRule.baseline)
    assert "until 2026-06-01" in expired.message
    assert expired.place == Place("accepted.yaml", 2)
    assert report.cells[0].state is State.finding


def test_an_unused_entry_is_a_finding(read: Callable[[str], list[BaselineEntry]]) -> None:
    (stale,) = apply(CLEAN, read(LEAKS), TODAY).findings
    assert stale.rule is AuditRule.baseline
    assert "no longer found" in stale.message


def test_an_entry_for_an_untried_cell_is_not_stale(read: Callable[[str], list[BaselineEntry]]) -> None:
    assert apply(CLEAN, read(LEAKS), TODAY, scope=Scope(objects=frozenset({"public.other"}))).findings == ()
    assert (
        len(apply(CLEAN, read(LEAKS), TODAY, scope=Scope(objects=frozenset({"public.notes"}))).findings) == 1
    )


def test_an_entry_for_an_action_accepts_no_other_action(read: Callable[[str], list[BaselineEntry]]) -> None:
    report = apply(FOUND, read(LEAKS + "  action: select body\n"), TODAY)
    assert report.findings[0].id == "leak:public.notes:select"
    assert report.cells[0].state is State.finding


def test_a_finding_with_more_identities_is_not_accepted_and_its_entry_is_not_stale(
    read: Callable[[str], list[BaselineEntry]],
) -> None:
    report = apply(FOUND, read(LEAKS + "  identities: [bob]\n"), TODAY)
    assert rules(report)[:2] == ["leak", "leak"]
    assert AuditRule.baseline not in {each.rule for each in report.findings}


def test_probes_that_prove_nothing_can_be_accepted(read: Callable[[str], list[BaselineEntry]]) -> None:
    text = LEAKS.replace("rule: leak", "rule: invalid")
    report = apply(FOUND, read(text), TODAY)
    assert report.invalid == ()
    assert report.cells[2].state is State.accepted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rule: leak", r"accepted\.yaml:1: the baseline must be a list"),
        ("- leak", r"accepted\.yaml:1: \[0\] must be a mapping"),
        (LEAKS.replace("  owner: ann\n", ""), r"accepted\.yaml:2: \[0\]\.owner is missing"),
        (LEAKS.replace("owner: ann", "owner: ''"), r"accepted\.yaml:5: \[0\]\.owner must be text"),
        (
            LEAKS.replace("owner", "onwer"),
            r":5: \[0\]\.onwer is not known; did you mean owner\?",
        ),
        (
            LEAKS.replace("rule: leak", "rule: leek"),
            r":2: \[0\]\.rule is leek, .* mean leak\?",
        ),
        (LEAKS.replace("rule: leak", "rule: baseline"), r"accepted\.yaml:2: \[0\]\.rule is baseline"),
        (
            LEAKS.replace("2026-06-01", "June"),
            r":6: \[0\]\.expires must be a date .*, not June",
        ),
        (
            LEAKS.replace("2026-06-01", "2026-02-30"),
            r":6: \[0\]\.expires must be a date .*02-30$",
        ),
        (LEAKS + "  owner: bob\n", r"accepted\.yaml:7: \[0\]\.owner appears twice, first on line 5"),
        (LEAKS + LEAKS, r"accepted\.yaml:8: \[1\] repeats leak:public\.notes of line 2"),
        (LEAKS + "  identities: bob\n", r"accepted\.yaml:7: \[0\]\.identities must be a list"),
        ("- a: [", r"accepted\.yaml:1: cannot be read"),
        ("a: b\n\tc: d", r"accepted\.yaml:2: cannot be read"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(
    read: Callable[[str], list[BaselineEntry]], text: str, message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        read(text)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]\n"])
def test_an_empty_baseline_accepts_nothing(read: Callable[[str], list[BaselineEntry]], text: str) -> None:
    assert read(text) == []


def test_an_update_accepts_new_findings_and_keeps_used_entries(
    read: Callable[[str], list[BaselineEntry]], tmp_path: Path
) -> None:
    entries = read(LEAKS + LEAKS.replace("public.notes", "public.gone").replace("# Ours.\n", ""))
    write(tmp_path / "accepted.yaml", updated(FOUND, entries, TODAY, NEW))
    text = (tmp_path / "accepted.yaml").read_text()
    assert text.startswith("# Ours.\n- rule: invalid\n")
    assert "public.gone" not in text
    again = load(tmp_path / "accepted.yaml")
    assert {each.name: each.owner for each in again} == {
        "invalid:public.notes:delete": "bob",
        "leak:public.notes": "ann",
        "unlisted:public.everything():execute": "bob",
        "vacuous:public.notes:truncate": "bob",
    }
    report = apply(FOUND, again, TODAY)
    assert report.problems == ()
    assert updated(FOUND, again, TODAY, None) == again


def test_any_baseline_can_be_written_and_read_again(tmp_path: Path) -> None:
    odd = "a: 'b' \"c\" # d, [e] {f} & *g\nline \u202e 😀"
    entry = replace(NEW, object=odd, action=odd, identities=frozenset({odd, "no", "null"}), reason="yes")
    write(tmp_path / "odd.yaml", [entry])
    (again,) = load(tmp_path / "odd.yaml")
    assert replace(again, place=entry.place) == entry


def test_an_update_renews_entries_only_with_a_reason(read: Callable[[str], list[BaselineEntry]]) -> None:
    leaks = replace(FOUND, findings=FOUND.findings[:2], doubts=())
    after = date(2026, 6, 2)
    with pytest.raises(Invalid, match="2 new findings"):
        updated(leaks, read(LEAKS), after, None)
    assert {each.owner for each in updated(leaks, read(LEAKS), after, NEW)} == {"bob"}


def test_an_update_adds_further_identities_to_an_entry(read: Callable[[str], list[BaselineEntry]]) -> None:
    leaks = replace(FOUND, findings=FOUND.findings[:1], doubts=())
    entries = read(LEAKS + "  action: select\n  identities: [bob]\n")
    (entry,) = updated(leaks, entries, TODAY, NEW)
    assert entry.identities == {"ann"}


GROWN = """\
- rule: leak
  object: public.notes
  action: select
  identities: [ann, bob]
  rows: {ann: {a: 1, b: 2}, bob: {all of them: 60}}
  reason: until the export is there
  owner: ann
  expires: 2026-06-01
"""


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        ({"ann": {"a": 1, "b": 2}}, ""),
        ({"ann": {"b": 1}}, ""),
        ({"ann": {"a": 1}, "bob": {"x": 30, "y": 30}}, ""),
        ({"ann": {"a": 1, "c": 1}}, "ann: 1 x c"),
        ({"ann": {"b": 3}}, "ann: 3 x b"),
        ({"ann": {"all of them": 90}}, "ann: 90 x all of them"),
        ({"bob": {"x": 61}}, "bob: 61 x all of them"),
        ({"cat": {"a": 1}}, "cat"),
    ],
)
def test_a_finding_on_more_rows_is_reported_again_and_on_fewer_rows_it_is_not(
    read: Callable[[str], list[BaselineEntry]], rows: dict[str, dict[str, int]], more: str
) -> None:
    audited = replace(FOUND, findings=(finding(identities=tuple(rows), rows=rows),), doubts=())
    report = apply(audited, read(GROWN), TODAY)
    assert [each.message.partition("; more than ann accepts: ")[2] for each in report.findings] == (
        [more] if more else []
    )
    assert len(report.accepted) == (not more)


def test_an_update_records_the_current_rows(
    read: Callable[[str], list[BaselineEntry]], tmp_path: Path
) -> None:
    """Fewer rows than before, or an entry of an older version."""
    rows = {"ann": {"a": 1}}
    audited = replace(FOUND, findings=(finding(rows=rows),), doubts=())
    for text in (GROWN, GROWN.replace("  rows: {ann: {a: 1, b: 2}, bob: {all of them: 60}}\n", "")):
        (entry,) = updated(audited, read(text), TODAY, None)
        assert (entry.rows, entry.reason) == (rows, "until the export is there")
        write(tmp_path / "new.yaml", [entry])
        assert load(tmp_path / "new.yaml")[0].rows == rows


def test_an_entry_of_an_older_version_accepts_any_rows_and_is_recognized(
    read: Callable[[str], list[BaselineEntry]],
) -> None:
    (entry,) = read(GROWN.replace("  rows: {ann: {a: 1, b: 2}, bob: {all of them: 60}}\n", ""))
    assert entry.covers(finding(rows={"ann": {"z": 99}}))
    assert not entry.limits_rows
    assert all(each.limits_rows for each in (*read(GROWN), *read(LEAKS)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{a: 1, b: 2}", "{a: 1, b: many}", r"5: \[0\]\.rows\.ann\.b must be a whole number, not many"),
        ("{a: 1, b: 2}", "[a]", r"5: \[0\]\.rows\.ann must be a mapping"),
        ("{ann: {a: 1, b: 2}, bob: {all of them: 60}}", "3", r"5: \[0\]\.rows must be a mapping"),
    ],
)
def test_invalid_rows_are_named(
    read: Callable[[str], list[BaselineEntry]], old: str, new: str, message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        read(GROWN.replace(old, new))
