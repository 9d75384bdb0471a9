"""The schedule of the users of a load test, planned before the first of them starts."""

from __future__ import annotations

from dataclasses import replace

from chatctl.services.loadtest.plan import LoadPlan

PLAN = LoadPlan(url="", people=["ann", "bob"], users=7, rate=40.0, duration=10.0, seed=1)


def test_the_plan_has_exactly_as_many_requests_as_rate_and_duration_require() -> None:
    due = [moment for user in range(PLAN.users) for moment in PLAN.due(user)]
    assert len(due) == PLAN.requests == 400
    assert 0 <= min(due) < max(due) <= PLAN.duration


def test_the_users_share_the_load_and_send_in_order() -> None:
    shares = [PLAN.due(user) for user in range(PLAN.users)]
    assert {len(share) for share in shares} <= {57, 58}
    assert all(share == sorted(share) for share in shares)


def test_the_same_seed_gives_the_same_plan() -> None:
    assert PLAN.due(3) == replace(PLAN).due(3)
    assert PLAN.due(3) != replace(PLAN, seed=2).due(3)


def test_the_users_cycle_through_the_people() -> None:
    assert [PLAN.person(user) for user in range(3)] == ["ann", "bob", "ann"]
