"""docs/lints.md, from what each rule says about itself: ``python -m tests.support.lints_page`` writes it."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from chatctl.services.lint.findings import LintRule
from chatctl.services.lint.run import rules

PAGE = Path(__file__).parents[2] / "docs" / "lints.md"
HEAD = """\
# The rules of `chatctl migrate lint`

`chatctl migrate lint` applies the SQL files to a throwaway server and looks at the files and at the schema
that comes of them; `chatctl audit-rls` looks at the schema of a database. Each finding names the rule, its
level, the place, the problem and the remedy. An error lets somebody see or do what they must not, or stops
migrations; a warning costs speed, or takes away what would hold if something else failed. What a team
accepts stands in `lints/accepted.yaml` of the directory of SQL files, each with its reason: `chatctl migrate
lint --help` has an example. Rules about locks and data types of migrations are
[squawk](https://squawkhq.com)'s, whose pages describe them.

This page is written by `python -m tests.support.lints_page`.
"""


SECTIONS = {
    "Files": ("files", "files and target", "lints/accepted.yaml"),
    "Schema": ("schema",),
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, looks_at in SECTIONS.items():
        parts += [f"## {title}", *(_section(rule) for rule in rules() if rule.looks_at in looks_at)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(rule: LintRule) -> str:
    title = rule.title.replace("<", r"\<")
    # Those in .sql files are wrapped already.
    explanation = "\n".join(fill(line, 118) for line in rule.explanation.splitlines())
    return f"### {rule.name}\n\n**{title}** ({rule.level})\n\n{explanation}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
