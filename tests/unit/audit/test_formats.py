"""The reports of an audit in every format: their content, and that hostile text is harmless in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from chatctl.formats.escaping import line, visible
from chatctl.services.audit.access import default_file
from chatctl.services.audit.findings.finding import AuditRule
from chatctl.services.audit.findings.rules import MEANING
from chatctl.services.audit.formats import FILES, ReportFormat, github, markdown, render
from chatctl.services.audit.formats.fingerprint import fingerprint
from chatctl.services.audit.report import Accepted, AuditReport, Existing
from chatctl.services.audit.verdicts.cells import State
from tests.support.audit_reports import CLEAN, FOUND, HOSTILE, HOSTILE_REPORT, SQL, finding

EVERY = {"clean": CLEAN, "found": FOUND, "nasty": HOSTILE_REPORT}
KEPT = replace(
    CLEAN,
    accepted=(Accepted(finding(), "until #12", "ann@example.test", "2026-12-31"),),
    cells=(replace(FOUND.cells[0], state=State.accepted), *CLEAN.cells[1:]),
)


@pytest.mark.parametrize("fmt", ReportFormat)
@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_the_same_report_gives_the_same_bytes_whatever_its_duration(
    report: AuditReport, fmt: ReportFormat
) -> None:
    text = render(report, fmt)
    assert text == render(replace(report, seconds=99.0), fmt)
    assert text.endswith("\n")
    text.encode("utf-8")


@pytest.mark.parametrize("fmt", ReportFormat)
def test_no_format_contains_characters_that_control_a_terminal_or_reorder_text(fmt: ReportFormat) -> None:
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", render(HOSTILE_REPORT, fmt)
    )


@pytest.mark.parametrize(
    "fmt", [ReportFormat.text, ReportFormat.markdown, ReportFormat.html, ReportFormat.github]
)
def test_readable_formats_name_the_people_excluded_from_existing_data(fmt: ReportFormat) -> None:
    text = render(replace(CLEAN, existing=Existing({"ann": "0"}, ("bob", "cat"))), fmt)
    assert re.search("was found for:? bob, cat", text)


def test_every_rule_has_a_description() -> None:
    assert set(MEANING) == set(AuditRule)


def test_every_format_except_annotations_has_a_file() -> None:
    assert set(FILES) == set(ReportFormat) - {ReportFormat.github}


def test_a_clean_report_is_one_line_of_text() -> None:
    assert render(CLEAN, ReportFormat.text).count("\n") == 1


def test_text_shows_each_group_once_with_its_sql_and_location() -> None:
    text = render(FOUND, ReportFormat.text)
    assert text.count("LEAK public.notes") == 1
    assert "also: select body" in text
    assert "sql/objects/access/notes.sql:9" in text
    assert "    begin;" in text


# --- JSON


def test_json_contains_everything_under_documented_keys() -> None:
    document = json.loads(render(FOUND, ReportFormat.json))
    assert list(document) == [
        "schema", "access", "verdict", "counts", "probes_by_command", "findings", "accepted", "identities",
        "setup", "cells", "sequences_advanced", "existing", "near_now", "not_tried",
    ]  # fmt: skip
    assert document["verdict"] == "findings"
    assert [each["rule"] for each in document["findings"]] == [
        "leak", "leak", "unlisted", "invalid", "vacuous",
    ]  # fmt: skip
    assert set(document["findings"][0]) == {
        "id", "rule", "level", "object", "command", "action", "message", "identities", "roles", "probes",
        "rows", "place", "fingerprint", "sql",
    }  # fmt: skip
    assert set(document["cells"][0]) == {
        "identity", "object", "command", "state", "probes", "through", "findings", "samples",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("report", "verdict"),
    [(CLEAN, "clean"), (FOUND, "findings"), (replace(FOUND, findings=()), "inconclusive"), (KEPT, "clean")],
)
def test_the_verdict_follows_the_exit_code(report: AuditReport, verdict: str) -> None:
    assert json.loads(render(report, ReportFormat.json))["verdict"] == verdict


# --- JUnit


def cases(report: AuditReport) -> list[ET.Element]:
    return ET.fromstring(render(report, ReportFormat.junit)).findall("testsuite/testcase")  # noqa: S314 - ours


def test_junit_has_a_case_for_every_cell_and_every_catalogue_finding() -> None:
    all_cases = cases(FOUND)
    named = {(case.get("classname"), case.get("name")): [child.tag for child in case] for case in all_cases}
    assert named == {
        ("public.notes.select", "ann"): ["failure"],
        ("public.notes.select", "anon"): [],
        ("public.notes.delete", "ann"): ["error"],
        ("public.notes.truncate", "ann"): ["error"],
        ("public.send(uuid).execute", "ann"): [],
        ("unlisted", "public.everything(): execute"): ["failure"],
    }


def test_junit_counts_match_its_cases() -> None:
    root = ET.fromstring(render(FOUND, ReportFormat.junit))  # noqa: S314 - ours
    counts = [root.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["6", "2", "2", "0"]


def test_junit_skips_accepted_findings() -> None:
    (skipped,) = (case.find("skipped") for case in cases(KEPT) if case.find("skipped") is not None)
    assert skipped is not None
    assert "until #12" in (skipped.get("message") or "")


def test_junit_escapes_hostile_names() -> None:
    (case, *_) = cases(HOSTILE_REPORT)
    assert case.get("name") == line(HOSTILE)
    failure = case.find("failure")
    assert failure is not None
    assert visible(HOSTILE) in (failure.text or "")


# --- SARIF


def sarif(report: AuditReport) -> dict[str, Any]:
    (run,) = json.loads(render(report, ReportFormat.sarif))["runs"]
    return dict(run)


@pytest.mark.parametrize("report", [*EVERY.values(), KEPT], ids=[*EVERY, "kept"])
def test_sarif_matches_what_github_accepts(report: AuditReport) -> None:
    document = json.loads(render(report, ReportFormat.sarif))
    assert document["version"] == "2.1.0"
    run = sarif(report)
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note", "none")
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        uri = physical["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
        assert not uri.startswith("/")
        assert physical["region"]["startLine"] >= 1
        assert location["logicalLocations"][0]["fullyQualifiedName"]
        assert all(re.fullmatch("[0-9a-f]{64}", value) for value in result["partialFingerprints"].values())


def test_sarif_contains_every_finding_and_doubt() -> None:
    assert [result["ruleId"] for result in sarif(FOUND)["results"]] == [
        "leak", "leak", "unlisted", "invalid", "vacuous",
    ]  # fmt: skip


def test_a_finding_without_a_location_is_at_the_access_file() -> None:
    (result,) = sarif(replace(CLEAN, findings=(finding(place=None),)))["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "sql/access.yaml"
    assert physical["region"] == {"startLine": 1}


def test_accepted_findings_are_suppressed_with_their_reason() -> None:
    (result,) = sarif(KEPT)["results"]
    assert result["suppressions"][0]["status"] == "accepted"
    assert "until #12" in result["suppressions"][0]["justification"]


def test_sarif_keeps_to_the_limits_of_github() -> None:
    many = tuple(finding(action=f"select c{n}") for n in range(5_100))
    run = sarif(replace(CLEAN, findings=many))
    assert len(run["results"]) == 5_000
    assert run["properties"]["left_off"] == 100


def test_a_fingerprint_does_not_depend_on_wording_location_or_identities() -> None:
    first = finding()
    assert fingerprint(first) == fingerprint(
        replace(first, message="x", place=None, identities=("bob",), sql="")
    )
    different = [
        replace(first, rule=AuditRule.missing), replace(first, object="public.other"),
        replace(first, action="select body"), replace(first, roles=("anon", "authenticated")),
    ]  # fmt: skip
    assert len({fingerprint(each) for each in (first, *different)}) == 5


# --- GitHub


def test_annotations_name_file_line_and_title() -> None:
    lines = render(FOUND, ReportFormat.github).splitlines()
    assert lines[0].startswith(
        "::error file=sql/objects/access/notes.sql,line=9,title=leak%3A public.notes select::ann: select"
    )
    assert any(each.startswith("::warning file=") for each in lines)


def test_annotations_keep_to_the_number_per_level_that_github_shows() -> None:
    many = tuple(finding(name=f"public.t{n}") for n in range(30))
    text = render(replace(CLEAN, findings=many), ReportFormat.github)
    assert text.count("::error ") == 10
    assert "21 more" in text


def test_hostile_text_cannot_inject_a_workflow_command() -> None:
    lines = render(HOSTILE_REPORT, ReportFormat.github).splitlines()
    assert [each.partition(" ")[0] for each in lines[:-1]] == ["::error", "::notice"]
    assert not lines[-1].startswith("::")
    (head, data) = re.fullmatch(r"::error ([^:]*)::(.*)", lines[0]).groups()  # type: ignore[union-attr]
    assert head.startswith("file=sql/objects/access/odd%2C name%3A 100%25.sql,line=3,title=")
    assert "%250A" in data


def test_the_step_summary_fits_the_limit() -> None:
    many = tuple(finding(name=f"public.t{n}", sql="x" * 100_000) for n in range(30))
    text = github.summary(replace(FOUND, findings=many))
    assert len(text.encode()) < 1024 * 1024
    assert "The rest does not fit here" in text
    assert len(github.summary(replace(FOUND, findings=many), written=900_000).encode()) < 100_000


# --- Markdown


def test_markdown_fits_a_comment_and_names_what_it_omits() -> None:
    many = tuple(finding(name=f"public.t{n}", sql="é" * 5_000) for n in range(30))
    text = render(replace(FOUND, findings=many), ReportFormat.markdown)
    assert len(text) < 65_536
    assert "The rest does not fit here" in text


def test_markdown_has_a_matrix_of_who_may_do_what() -> None:
    text = markdown.render(FOUND)
    assert "|  | ann | anon |" in text
    assert "| public.notes select | ❌ | · |" in text


def test_markdown_escapes_markup_mentions_and_links_in_names() -> None:
    text = render(HOSTILE_REPORT, ReportFormat.markdown)
    outside = re.sub(r"(?s)```sql\n.*?\n```", "", text)
    assert "<script" not in outside
    assert not re.search(r"(?<!\\)[*`@]", outside)
    rows = [row for row in outside.splitlines() if row.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}
    assert "https://" not in outside
    assert "www.evil" not in outside


def test_sql_with_backticks_stays_in_its_fence() -> None:
    text = render(replace(CLEAN, findings=(finding(sql="select '````';"),)), ReportFormat.markdown)
    assert "`````sql\nselect '````';\n`````" in text


# --- HTML


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts.append(data)


def test_the_page_loads_nothing_and_runs_only_its_own_script() -> None:
    page = Page(render(HOSTILE_REPORT, ReportFormat.html))
    assert [tag for tag, _ in page.elements].count("script") == 2
    for tag, attributes in page.elements:
        assert tag not in ("link", "img", "iframe", "object", "base"), tag
        assert not {name for name in attributes if name.startswith("on")}, attributes
        assert not {"src", "href", "style"} & set(attributes), attributes
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_page_embeds_the_probes_of_hostile_names_as_data() -> None:
    data, _ = Page(render(HOSTILE_REPORT, ReportFormat.html)).scripts
    assert "<" not in data
    document = json.loads(data)
    ((identity, *_, samples),) = document["cells"]
    assert identity == line(HOSTILE)
    assert document["statements"][samples[0][5]] == visible(SQL)


def test_the_page_has_a_square_for_every_cell_and_a_row_for_every_finding() -> None:
    page = Page(render(FOUND, ReportFormat.html))
    squares = [a["class"] for tag, a in page.elements if tag == "button" and "data-cell" in a]
    assert squares == ["m finding", "m denied", "m invalid", "m vacuous", "m allowed"]
    assert [tag for tag, _ in page.elements].count("details") == 4


def test_the_documentation_names_every_key_of_the_json() -> None:
    page = (default_file().parent.parent / "docs" / "audit-report.md").read_text()
    document = json.loads(render(replace(FOUND, accepted=KEPT.accepted), ReportFormat.json))
    parts = [
        document, document["counts"], document["findings"][0], document["accepted"][0], document["setup"],
        document["identities"][0], document["cells"][0], document["cells"][0]["samples"][0],
    ]  # fmt: skip
    words = {key for part in parts for key in part} | {
        each.value for each in (*AuditRule, *State, *ReportFormat)
    }
    assert not sorted(word for word in words if f"`{word}`" not in page)
