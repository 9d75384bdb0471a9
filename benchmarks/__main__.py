"""``python -m benchmarks``: measure, print the table, exit 7 if a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tabulate import tabulate

from benchmarks import audits, lists, migrations, reads, searches, seeds, sends
from benchmarks.case import Case
from benchmarks.data import filled_server

GROUPS = {
    "reads": reads, "lists": lists, "searches": searches, "sends": sends, "migrations": migrations,
    "audits": audits, "seeds": seeds,
}  # fmt: skip


def main() -> int:
    """Run all cases; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all by default")
    arguments = parser.parse_args()
    if unknown := set(arguments.groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    cases: list[Case] = []
    start = time.perf_counter()
    _print_status("filling a server with 1,000,000 messages")
    with filled_server() as server:
        _print_status(f"filled after {time.perf_counter() - start:.0f} s; PostgreSQL {server.version}")
        for name in arguments.groups or GROUPS:
            for case in GROUPS[name].cases(server):
                cases.append(case)
                _print_status(f"  {case.name}: {case.ratio:.2f} {case.verdict}")
    print(table(cases))
    if arguments.json:
        figures = [{**asdict(case), "verdict": case.verdict} for case in cases]
        arguments.json.write_text(json.dumps({"cases": figures}, indent=2) + "\n", encoding="utf-8")
    _print_status(f"took {time.perf_counter() - start:.0f} s")
    return 0 if all(case.passed for case in cases) else 7


def table(cases: list[Case]) -> str:
    """The results as a table for people."""
    rows = [
        [
            case.name,
            f"{case.measured:,.2f} {case.unit}",
            f"{case.baseline:,.2f} {case.unit}",
            f"{case.ratio:.2f}",
            "" if case.bar is None else f"{case.sense} {case.bar:g}",
            case.verdict,
        ]
        for case in cases
    ]
    headers = ["CASE", "MEASURED", "AGAINST", "RATIO", "BAR", ""]
    return tabulate(rows, headers=headers, tablefmt="plain", disable_numparse=True)


def _print_status(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
