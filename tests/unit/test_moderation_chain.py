"""Where a chain of hashes was broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatctl.services.moderation.chain import ChainHead, ChainLink, breaks, is_intact

ROWS = [ChainLink(n, f"hash {n - 1}" if n > 1 else "", f"hash {n}", f"hash {n}") for n in range(1, 8)]
HEAD = ChainHead(7, "hash 7")


def _without(*ids: int) -> list[ChainLink]:
    return [row for row in ROWS if row.id not in ids]


def _with(row: ChainLink) -> list[ChainLink]:
    return sorted([*_without(row.id), row], key=lambda link: link.id)


def _renumbered(numbers: dict[int, int]) -> list[ChainLink]:
    rows = [replace(row, id=numbers.get(row.id, row.id)) for row in ROWS]
    return sorted(rows, key=lambda link: link.id)


def _problems(links: list[ChainLink], head: ChainHead = HEAD) -> list[tuple[int, str]]:
    assert not is_intact(links, head)
    return [(found.id, found.problem) for found in breaks(links, head)]


def test_an_unbroken_chain_is_intact() -> None:
    assert is_intact(ROWS, HEAD)
    assert breaks(ROWS, HEAD) == []
    assert is_intact([], ChainHead(0, ""))


@pytest.mark.parametrize("number", range(1, 8))
def test_a_changed_row_is_named(number: int) -> None:
    assert _problems(_with(replace(ROWS[number - 1], expected_hash="other"))) == [(number, "changed")]


@pytest.mark.parametrize("number", range(1, 8))
def test_a_row_that_was_changed_and_hashed_again_is_named(number: int) -> None:
    rehashed = replace(ROWS[number - 1], hash="other", expected_hash="other")
    assert _problems(_with(rehashed)) == [(number, "changed")]


@pytest.mark.parametrize("number", range(1, 8))
def test_a_missing_row_is_named(number: int) -> None:
    assert _problems(_without(number)) == [(number, "missing")]


def test_several_missing_rows_are_one_gap() -> None:
    assert [(gap.id, gap.explanation) for gap in breaks(_without(3, 4, 5), HEAD)] == [
        (5, "rows 3 to 5 are missing before row 6")
    ]
    assert [(gap.id, gap.explanation) for gap in breaks(_without(6, 7), HEAD)] == [
        (7, "rows 6 to 7 are missing at the end")
    ]
    assert [(gap.id, gap.problem) for gap in breaks([], HEAD)] == [(7, "missing")]


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 5), (1, 7), (6, 7)])
def test_swapped_rows_are_both_named(first: int, second: int) -> None:
    swapped = _renumbered({first: second, second: first})
    assert _problems(swapped) == [(first, "swapped"), (second, "swapped")]


@pytest.mark.parametrize("follows", ["", "hash 3", "hash 7"])
def test_an_inserted_row_is_named(follows: str) -> None:
    assert _problems(_with(ChainLink(8, follows, "other", "other"))) == [(8, "inserted")]


def test_a_row_in_place_of_another_is_named() -> None:
    assert _problems(_with(ChainLink(4, "hash 3", "other", "other"))) == [(4, "changed")]


@pytest.mark.parametrize(("links", "head"), [(ROWS, ChainHead(8, "hash 7")), (_renumbered({7: 8}), HEAD)])
def test_a_last_row_with_another_number_than_the_head_is_named(
    links: list[ChainLink], head: ChainHead
) -> None:
    assert _problems(links, head) == [(links[-1].id, "renumbered")]


def test_an_empty_log_whose_head_has_a_number_is_not_intact() -> None:
    assert _problems([], ChainHead(7, "")) == [(0, "renumbered")]


_LINKS = st.builds(
    ChainLink,
    id=st.integers(1, 4),
    previous_hash=st.sampled_from(["", "a", "b", "c"]),
    hash=st.sampled_from(["", "a", "b", "c"]),
    expected_hash=st.sampled_from(["a", "b", "c"]),
)


@given(
    st.lists(_LINKS, max_size=4, unique_by=lambda link: link.id),
    st.builds(ChainHead, st.integers(0, 5), st.sampled_from(["", "a", "b", "c"])),
)
def test_every_chain_that_is_not_intact_has_a_break(links: list[ChainLink], head: ChainHead) -> None:
    in_order = sorted(links, key=lambda link: link.id)
    assert is_intact(in_order, head) == (breaks(in_order, head) == [])
