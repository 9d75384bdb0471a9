"""A world at another scale."""

from __future__ import annotations

import pytest

from chatctl.errors import Invalid
from chatctl.services.seed import limits, outline
from chatctl.services.seed.scaling import scaled
from chatctl.services.seed.spec import DEMO, PERF, Spec
from chatctl.services.seed.specfile import load
from tests.support.worldfiles import EXAMPLE, keeps_limits


@pytest.mark.parametrize("factor", [0.001, 0.1, 0.35, 2, 10, 99])
@pytest.mark.parametrize("world", [DEMO, PERF, load(EXAMPLE)], ids=lambda world: world.name)
def test_a_scale_multiplies_people_conversations_and_messages(world: Spec, factor: float) -> None:
    grown = scaled(world, factor)

    assert list(limits.mistakes(grown)) == []
    assert sum(limits.amounts(grown)) == pytest.approx(sum(limits.amounts(world)) * factor, rel=1e-4, abs=1)
    for before, after in zip(world.organizations, grown.organizations, strict=True):
        assert after.named == before.named
        assert after.users >= round(before.users * factor)
        if factor > 1:
            assert after.users == before.users * factor
        for original_talk, scaled_talk in zip(before.conversations, after.conversations, strict=True):
            single = original_talk.name or len(original_talk.users) == 2
            assert scaled_talk.count == (
                original_talk.count if single else max(1, round(original_talk.count * factor))
            )
    if sum(limits.amounts(grown)) < 300_000:
        keeps_limits(outline.build(grown))


def test_perf_ten_times_has_ten_times_the_messages() -> None:
    assert limits.amounts(scaled(PERF, 10)) == [10_100_000]


def test_a_scale_of_one_is_the_same_world() -> None:
    assert scaled(DEMO, 1) is DEMO


@pytest.mark.parametrize("factor", [0, -1, float("nan"), float("inf"), 1e300, 1001])
def test_a_scale_is_above_zero_and_at_most_a_thousand(factor: float) -> None:
    with pytest.raises(Invalid, match="a scale must be more than 0 and at most 1000"):
        scaled(DEMO, factor)


def test_a_scale_that_exceeds_the_limits_is_refused() -> None:
    with pytest.raises(
        Invalid, match="perf at scale 100 would have 101000000 messages in total; a world has at most"
    ):
        scaled(PERF, 100)
