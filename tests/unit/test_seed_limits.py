"""Combinations of settings for which no world can be built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chatctl.services.seed import limits
from chatctl.services.seed.spec import (
    DEMO,
    PERF,
    Named,
    Spec,
    Talk,
    Team,
)

A = Team("A", "a", 5, (Talk(),))
B = Team("B", "b", 3, (), admins=1)


@pytest.mark.parametrize(
    ("world", "sentence"),
    [
        (Spec("x", (A,), visits=True), "needs a second organization"),
        (Spec("x", (A, B), visits=True), None),
        (
            Spec("x", (A, replace(B, admins=2)), visits=True),
            "must be at least 4, so that a member can visit a",
        ),
        (
            Spec("x", (replace(A, admins=0), replace(B, admins=3, users=4)), visits=True),
            "must be at least 5, so that a member can visit a",
        ),
        (
            Spec(
                "x",
                (replace(B, named=tuple(Named(f"{n}@b.example", "N") for n in "xyz"), users=5), A),
                hostile=True,
            ),
            None,
        ),
        (
            Spec(
                "x",
                (replace(B, admins=0, named=(Named("x@b.example", "X", "owner"),), users=1),),
                hostile=True,
            ),
            "must be at least 2, so that a user who is not named has a hostile name",
        ),
        (
            Spec("x", (replace(A, users=2, admins=0),)),
            "is for groups of 3 and more; the organization has too few users",
        ),
        (
            Spec("x", (replace(A, messages=5),), messages=5),
            "is for organizations without a number of their own",
        ),
        (
            Spec("x", (replace(A, messages=5, conversations=(Talk(messages=6),)),)),
            "is 5, but its conversations have 6",
        ),
        (
            Spec("x", (replace(A, messages=7, conversations=(Talk(messages=6),)),)),
            "is 7, but its conversations have 6 of their own, and no conversation without a number shares",
        ),
        (
            Spec("x", (A, B), messages=8),
            "is not given; its share of the world's is 3, but its conversations have 0 of their own, and no",
        ),
        (
            Spec("x", tuple(replace(A, slug=slug, users=60_000) for slug in "ab")),
            "would have 120000 users in total; a world has at most 100000",
        ),
        (
            Spec("x", (replace(A, conversations=(Talk(count=99_999), Talk(count=2))),)),
            "would have 100001 conversations in total; a world has at most 100000",
        ),
        (
            Spec("x", (replace(A, conversations=(Talk(count=101, messages=1_000_000),)),)),
            "would have 101000000 messages in total; a world has at most 100000000",
        ),
    ],
)
def test_combinations_that_cannot_be_built_are_mistakes(world: Spec, sentence: str | None) -> None:
    sentences = [mistake.sentence for mistake in limits.mistakes(world)]

    assert len(sentences) == (sentence is not None)
    assert all(it.startswith(sentence or "") for it in sentences)


@pytest.mark.parametrize("world", [DEMO, PERF], ids=lambda world: world.name)
def test_the_built_in_worlds_keep_the_limits(world: Spec) -> None:
    assert list(limits.mistakes(world)) == []
