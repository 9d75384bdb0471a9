"""docs/commands has a page for each command that matches its --help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatctl.cli.app import COMMANDS
from tests.support import command_pages
from tests.support.command_pages import PAGES, commands, options, section, table, updated

NAMES = ["README", *COMMANDS]
SHARED = {name for _, root in commands("README") for name in options(root)}
KNOWN = SHARED.union(*(options(command) for page in COMMANDS for _, command in commands(page)))


def test_commands_and_pages_correspond_one_to_one() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(NAMES)


@pytest.mark.parametrize("page", NAMES)
def test_every_command_has_a_section_with_its_options(page: str) -> None:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    for path, command in commands(page):
        rows = table(path, command)
        assert rows in section(text, path), f"run: python -m {command_pages.__name__}"
        for name in options(command) - (SHARED if path else set()):
            assert name in rows
    assert updated(page) == text


@pytest.mark.parametrize("page", NAMES)
def test_a_page_names_only_options_that_exist(page: str) -> None:
    assert _named(PAGES / f"{page}.md") <= KNOWN


@pytest.mark.parametrize("page", NAMES)
def test_a_page_has_sections_only_for_existing_commands(page: str) -> None:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^## chatctl ?(.*)$", text, re.MULTILINE))
    assert sections <= {path for path, _ in commands(page)}


@pytest.mark.parametrize("page", NAMES)
def test_links_lead_to_files(page: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)", (PAGES / f"{page}.md").read_text(encoding="utf-8")):
        assert (PAGES / link).exists(), link


def _named(page: Path) -> set[str]:
    """The long options mentioned on a page."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", page.read_text(encoding="utf-8")))
