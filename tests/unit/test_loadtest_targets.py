"""Judging a load test: what counts as missed, and what cannot be judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chatctl.errors import Found, Inconclusive, Invalid
from chatctl.services.loadtest import scenario
from chatctl.services.loadtest.measured import Measured, MeasuredSeries, Times
from chatctl.services.loadtest.targets import SeriesTarget, TargetFinding, Targets, judge, load

FAST = Times(n=400, p50_ms=2, p95_ms=10, p99_ms=20, max_ms=30)
LIST = MeasuredSeries("list", response=FAST, service=FAST, errors={})
RUN = Measured(planned=400, sent=400, on_time=400, unanswered=0, lag=FAST, series=(LIST,))
TARGETS = Targets(on_time=0.99, lag_p99_ms=50, series={"list": SeriesTarget(samples=200, p95_ms=100)})


def findings(run: Measured, targets: Targets = TARGETS) -> list[tuple[str, str]]:
    return [(finding.kind, finding.sentence) for finding in judge(run, targets)]


def test_a_run_within_its_targets_has_no_findings() -> None:
    assert findings(RUN) == []


def test_a_percentile_over_its_limit_is_missed() -> None:
    slow = replace(LIST, response=replace(FAST, p95_ms=130.04))
    assert findings(replace(RUN, series=(slow,))) == [("missed", "list: p95 130.0 ms, target 100 ms")]


def test_response_time_counts_and_not_service_time() -> None:
    served = replace(LIST, service=replace(FAST, p95_ms=1000))
    assert findings(replace(RUN, series=(served,))) == []


def test_one_error_is_missed_unless_the_target_allows_it() -> None:
    failing = replace(RUN, series=(replace(LIST, errors={"PT403": 1, "08006": 3}),))
    sentence = "list: 1.0% errors (3 x 08006, 1 x PT403), target 0.0%"
    assert findings(failing) == [("missed", sentence)]
    allowed = SeriesTarget(samples=200, error_rate=0.01)
    assert findings(failing, replace(TARGETS, series={"list": allowed})) == []


def test_with_errors_only_the_errors_are_missed_and_times_are_not_judged() -> None:
    nothing = MeasuredSeries(
        "list", Times(0, None, None, None, None), Times(0, None, None, None, None), {"x": 400}
    )
    kinds = [kind for kind, _ in findings(replace(RUN, series=(nothing,)))]
    assert kinds == ["missed", "unjudged"]


def test_too_few_samples_cannot_be_judged_even_when_slow() -> None:
    few = replace(LIST, response=replace(FAST, n=199, p95_ms=500))
    assert findings(replace(RUN, series=(few,))) == [
        ("unjudged", "list: 199 samples, at least 200 are needed")
    ]


def test_a_missing_or_unknown_series_cannot_be_judged() -> None:
    other = replace(LIST, name="other")
    assert findings(replace(RUN, series=(other,))) == [
        ("unjudged", "list: no such series was measured"),
        ("unjudged", "other: has no target"),
    ]


@pytest.mark.parametrize("lag", [Times(0, None, None, None, None), replace(FAST, p99_ms=51)])
def test_a_late_generator_judges_nothing_whatever_it_measured(lag: Times) -> None:
    slow = replace(LIST, response=replace(FAST, p95_ms=500))
    [(kind, sentence)] = findings(replace(RUN, lag=lag, series=(slow,), on_time=0))
    assert kind == "unjudged"
    assert sentence.startswith("the generator ")


def test_a_backend_that_does_not_keep_up_misses_the_schedule() -> None:
    assert findings(replace(RUN, on_time=396)) == []
    [(kind, sentence)] = findings(replace(RUN, on_time=395))
    assert kind == "missed"
    assert "98.8% of the planned requests were sent on time" in sentence


def test_a_request_without_an_answer_is_missed() -> None:
    assert findings(replace(RUN, unanswered=1)) == [("missed", "1 requests were never answered")]


def test_a_missed_target_outweighs_an_inconclusive_one() -> None:
    missed, unjudged = TargetFinding("missed", "list", "slow"), TargetFinding("unjudged", "page", "absent")
    assert scenario.verdict([unjudged, missed]) == "missed"
    outcome = scenario.ScenarioOutcome("x", scenario.Load(), "missed", RUN, (unjudged, missed))
    with pytest.raises(Found, match="absent; slow"):
        scenario.require([outcome])
    with pytest.raises(Inconclusive, match="absent"):
        scenario.require([replace(outcome, findings=(unjudged,))])
    scenario.require([replace(outcome, findings=())])


def test_the_targets_that_come_with_chatctl_name_every_scenario() -> None:
    assert list(load(scenario.default_targets())) == scenario.names()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: {on_time: 1, lag_p99_ms: 1}", "a.series is missing"),
        ("a: {on_time: 1, lag_p99_ms: 1, series: {}}", "a.series must have at least 1 item"),
        ("a: {on_time: 1, lag_p99_ms: 1, series: {b: {}}}", "a.series.b.samples is missing"),
        (
            "a: {on_time: 1, lag_p99_ms: 1, series: {b: {samples: x}}}",
            "b.samples must be a whole number, not x",
        ),
        (
            "a: {on_time: .nan, lag_p99_ms: 1, series: {b: {samples: 1}}}",
            "1: a.on_time must be at most 1",
        ),
        (
            "a: {on_time: 1, lag_p99_ms: 1, series: {b: {samples: 1, p96_ms: 1}}}",
            "a.series.b.p96_ms is not known; did you mean p99_ms",
        ),
        ("- a", "must be a mapping"),
        ("a: [", "1: cannot be read as YAML"),
        ("a: {}\na: {}", "2: a appears twice, first on line 1"),
        ("a: {}\n---\na: {}", "2: cannot be read as YAML: a second document begins here"),
    ],
)
def test_an_invalid_targets_file_is_refused_with_file_and_key(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match="targets.yaml.*" + reason.replace(".", r"\.")):
        load(path)
