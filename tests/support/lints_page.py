"""docs/lints.md, from the first comment of each rule: ``python -m tests.support.lints_page`` writes it."""

from __future__ import annotations

from pathlib import Path

from chatctl.services.lint.filerules import DATABASE_RULES, RULES
from chatctl.services.lint.schema import queries

PAGE = Path(__file__).parents[2] / "docs" / "lints.md"
HEAD = """\
# The rules of `chatctl migrate lint`

`chatctl migrate lint` applies the SQL files to a throwaway server and looks at the files and at the schema
that comes of them; `chatctl audit-rls` looks at the schema of a database. Each finding names the rule, the
place, the problem and the remedy. What a team accepts stands in `lints/accepted.yaml` of the directory of SQL
files, each with its reason: `chatctl migrate lint --help` has an example. Rules about locks and data types of
migrations are [squawk](https://squawkhq.com)'s, whose pages describe them.

This page is written by `python -m tests.support.lints_page`.
"""


def page() -> str:
    """The whole page."""
    sentences = {name: wants.replace("<", r"\<") for name, wants in (RULES | DATABASE_RULES).items()}
    files = "\n".join(f"- `{name}`: {wants}" for name, wants in sentences.items())
    schema = "\n\n".join(f"### {path.stem}\n\n{_comment(path)}" for path in queries())
    return f"{HEAD}\n## Files\n\n{files}\n\n## Schema\n\n{schema}\n"


def _comment(path: Path) -> str:
    """What a rule's file begins with: a line that says what is healthy, then why, and what is found."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = [line.removeprefix("--").strip() for line in lines[: _end(lines)]]
    title, *more = comment
    return f"**{title}**" + ("\n\n" + "\n".join(more) if more else "")


def _end(lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines) if not line.startswith("--"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
