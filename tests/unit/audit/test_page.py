"""The HTML page of the audit in a real browser, if there is one: its cells open, and no script fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from chatctl.formats.escaping import line
from chatctl.services.audit.formats import ReportFormat, render
from chatctl.services.audit.report import AuditReport
from tests.support.audit_reports import CLEAN, FOUND, HOSTILE, HOSTILE_REPORT
from tests.support.browser import BROWSER, dom

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser is installed")


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., str]:
    """A function that returns the final DOM of the page of a report, opened at a cell if one is given."""

    def open_page(report: AuditReport, *cell: str) -> str:
        page = tmp_path / "audit.html"
        page.write_text(render(report, ReportFormat.html), encoding="utf-8")
        return dom(page, tmp_path / "profile", "/".join(quote(part, safe="") for part in cell))

    return open_page


def dialog(dom: str) -> str:
    """The text of the open dialog, if any."""
    match = re.search(r"<dialog [^>]*open[^>]*>(.*?)</dialog>", dom, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", match[1])) if match else ""


def test_a_cell_opens_to_its_probes(opened: Callable[..., str]) -> None:
    text = " ".join(dialog(opened(FOUND, "ann", "public.notes", "select")).split())
    assert "ann: select public.notes a member Finding. 12 probes, 3 let through; 1 of them:" in text
    assert "Must be a refusal Came changed 0 rows select 1; Copy for psql" in text


def test_without_a_fragment_no_cell_is_open(opened: Callable[..., str]) -> None:
    assert dialog(opened(CLEAN)) == ""


def test_a_fragment_that_names_no_cell_opens_none(opened: Callable[..., str]) -> None:
    assert dialog(opened(CLEAN, "%", "nowhere")) == ""


def test_hostile_names_stay_text(opened: Callable[..., str]) -> None:
    dom = opened(HOSTILE_REPORT, line(HOSTILE), line(HOSTILE), "select")
    assert "alert(1)" in dialog(dom)
    body = dom.partition("<body>")[2].partition('<script type="application/json"')[0]
    assert "<script" not in body
