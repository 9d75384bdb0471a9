"""The audit's page in a real browser, where there is one: it opens its cells and breaks none of its rules."""

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
from tests.support.audit_reports import CLEAN, FOUND, HOSTILE, NASTY
from tests.support.browser import BROWSER, dom

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser is installed")


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., str]:
    """The page of a report as the browser has it in the end, at the address of a cell if one is given."""

    def open_page(report: AuditReport, *cell: str) -> str:
        page = tmp_path / "audit.html"
        page.write_text(render(report, ReportFormat.html), encoding="utf-8")
        return dom(page, tmp_path / "profile", "/".join(quote(part, safe="") for part in cell))

    return open_page


def dialog(dom: str) -> str:
    """The text of the dialog that is open, or nothing."""
    found = re.search(r"<dialog [^>]*open[^>]*>(.*?)</dialog>", dom, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", found[1])) if found else ""


def test_a_cell_opens_to_its_probes(opened: Callable[..., str]) -> None:
    said = " ".join(dialog(opened(FOUND, "ann", "public.notes", "select")).split())
    assert "ann: select public.notes a member Finding. 12 probes, 3 let through; 1 of them:" in said
    assert "Must be a refusal Came changed 0 rows select 1; Copy for psql" in said


def test_nothing_is_open_without_an_address(opened: Callable[..., str]) -> None:
    assert dialog(opened(CLEAN)) == ""


def test_an_address_that_names_no_cell_opens_none(opened: Callable[..., str]) -> None:
    assert dialog(opened(CLEAN, "%", "nowhere")) == ""


def test_hostile_names_stay_text(opened: Callable[..., str]) -> None:
    dom = opened(NASTY, line(HOSTILE), line(HOSTILE), "select")
    assert "alert(1)" in dialog(dom)
    body = dom.partition("<body>")[2].partition('<script type="application/json"')[0]
    assert "<script" not in body
