"""The messages from the load generator to chatctl."""

from __future__ import annotations

import pytest

from chatctl.services.loadtest.messages import Progress, RunReport, SeriesReport, decode, encode

REPORT = RunReport(
    planned=400,
    sent=399,
    on_time=390,
    unanswered=1,
    lag="HISTFAAA",
    series={"conversation list": SeriesReport(response="HISTFAAB", service="HISTFAAC", errors={"PT403": 2})},
)


@pytest.mark.parametrize(
    "message",
    [
        Progress(sent=12, planned=400),
        REPORT,
        RunReport(0, 0, 0, 0, lag="", series={}, failure="a user could not start:\n42883"),
    ],
)
def test_a_message_is_one_line_and_arrives_as_it_was_sent(message: Progress | RunReport) -> None:
    line = encode(message)
    assert len(line.splitlines()) == 1
    assert decode(f"{line}\n") == message


@pytest.mark.parametrize("line", ["", "{}", '{"sent": 1, "planned": 2}', "{'a': 1}", "Starting Locust"])
def test_other_output_is_not_a_message(line: str) -> None:
    assert decode(line) is None


def test_a_truncated_line_is_not_a_message() -> None:
    line = encode(REPORT)
    assert [decode(line[:length]) for length in range(len(line))] == [None] * len(line)
