"""Messages of the database with times and durations masked; other numbers are kept."""

from __future__ import annotations

import pytest

from chatctl.services.audit.access.expectations import Identity
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.trials.outcome import ProbeOutcome
from chatctl.services.audit.trials.wording import describe_outcome, mask_times
from chatctl.services.audit.verdicts.verdict import existence_oracles

ANN = Identity(
    name="ann", says="a member", role="authenticated", user="ann", claims={}, raw=None, reads_only=False
)


def call(*args: str, pair: str | None = None) -> Probe:
    return Probe(
        identity=ANN,
        object="public.send(text)",
        action="call",
        subject="text=x",
        statement="select public.send($1::text)",
        args=args,
        allowed=False,
        privilege="execute",
        fetches=True,
        pair=pair,
    )


@pytest.mark.parametrize(
    ("text", "masks"),
    [
        ("Try again in 3658 seconds.", "Try again in a duration."),
        ("Try again in 1 second", "Try again in a duration"),
        ("wait 3658 s", "wait a duration"),
        ("wait 3658s", "wait a duration"),
        ("wait 12.5 ms", "wait a duration"),
        ("1 hour 2 minutes left", "a duration left"),
        ("1 hour, 2 minutes and 3.4 seconds left", "a duration left"),
        ("1h2m3s left", "a duration left"),
        ("2 days 03:04:05.678 left", "a duration left"),
        ("01:00:58.123456 left", "a duration left"),
        ("-00:00:58 left", "a duration left"),
        ("wait PT1H2M3.5S", "wait a duration"),
        ("wait P1DT2H or P3W", "wait a duration or a duration"),
        ('{"limit": 10, "retry_after": 3658}', '{"limit": 10, "retry_after": a duration}'),
        ('{"retryAfter":3658.5,"limit":10}', '{"retryAfter":a duration,"limit":10}'),
        ('{"retry_after": "3658"}', '{"retry_after": a duration}'),
        ('{"expires_in": 3600, "exp": 1790000000}', '{"expires_in": a duration, "exp": a time}'),
        ('{"elapsed_ms": 12, "wait_seconds": 3}', '{"elapsed_ms": a duration, "wait_seconds": a duration}'),
        ('{"reset_at": 1790000000123}', '{"reset_at": a time}'),
        ("retry_after=3658", "retry_after=a duration"),
        ("Retry-After: 3658", "Retry-After: a duration"),
        ("try again in 58", "try again in a duration"),
        ("free at 2026-11-29 18:17:57.1234+00", "free at a time"),
        ("free at 2026-11-29T18:17:57Z, in 58 s", "free at a time, in a duration"),
    ],
)
def test_times_and_durations_are_masked(text: str, masks: str) -> None:
    assert mask_times(call(), text) == masks


@pytest.mark.parametrize(
    "text",
    [
        "Groups have at most 50 participants",
        "limit of 10 messages, 0 remaining, 3 rows",
        '{"limit": 10, "remaining": 0, "count": 3, "min": 5, "participants": 51, "window_seconds": 60}',
        "at most 10 messages per 60 seconds",
        "one every 5 minutes",
        "value too long for type character varying(255)",
        "ERROR P0001 at line 12, seq 3, 4 bytes, size 10485761",
        "role 5 is not 3: s 4, 12 messages 3 hosts 2 sessions",
        "mac 08:00:2b:01:02:03 and 00:11:22:33:44:55",
        "version 1.2.3, port 5432",
        "Page 3",
    ],
)
def test_other_numbers_are_kept(text: str) -> None:
    assert mask_times(call(), text) == text


def test_values_sent_by_the_probe_are_kept() -> None:
    text = 'invalid input: "3 days" at 1999-01-01 00:00:00+00, try again in 58 seconds'
    masked = 'invalid input: "3 days" at 1999-01-01 00:00:00+00, try again in a duration'
    assert mask_times(call("3 days", "1999-01-01 00:00:00+00"), text) == masked


def test_an_answer_is_masked_in_the_report() -> None:
    refused = ProbeOutcome(
        state="PT429", message="try again in 58 seconds", returned=(), changed=0, holds=None
    )
    assert describe_outcome(call(), refused) == "refused with PT429 (try again in a duration)"


def test_a_duration_does_not_reveal_that_something_exists() -> None:
    existing, missing = (
        ProbeOutcome(state="PT429", message=f"try again in {n} seconds", returned=(), changed=0, holds=None)
        for n in (58, 57)
    )
    assert existence_oracles([(call(pair="x"), existing), (call(pair="x"), missing)]) == {}
