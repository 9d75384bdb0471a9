"""Files of worlds as Hypothesis makes them, whole and broken: read or refused, and built at any scale."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from chatctl.errors import Invalid
from chatctl.services.seed import names, outline
from chatctl.services.seed.scaling import scaled
from chatctl.services.seed.specfile import load
from tests.support.worldfiles import EXAMPLE, KEYS, Written, keeps_limits, told


def few(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


SPANS = st.one_of(st.integers(3, 8), st.tuples(st.integers(3, 5), st.integers(5, 50)).map(list))
SHARES = st.sampled_from([0, 0.05, 1])
WORDS = st.sampled_from(["A", "Everyone", "灯台", "x" * 255, "=1+1", " b "])


@st.composite
def teams(draw: st.DrawFn, slug: str) -> dict[str, Any]:
    handles = st.sampled_from(["pat", "kim", "sam+1", "ann_lee", "x-y", "grace.finch"])
    emails = st.builds("{}@{}.example".format, handles, st.sampled_from([slug, f"{slug}.work", "work"]))
    roles = st.sampled_from(["owner", "admin", "member"])
    named = st.fixed_dictionaries({"email": emails, "name": WORDS}, optional={"role": roles})
    known = draw(st.lists(named, max_size=3, unique_by=lambda it: it["email"]))
    some = st.lists(
        st.sampled_from([it["email"] for it in known] or [""]), max_size=len(known) and 2, unique=True
    )
    any_talk = {"count": st.integers(1, 5), "users": some, "without": some, "messages": few(5)}
    group = st.fixed_dictionaries({}, optional={"name": WORDS, "size": SPANS, **any_talk})
    direct = st.fixed_dictionaries({"direct": st.just(True)}, optional=any_talk)
    required = {
        "name": WORDS,
        "slug": st.just(slug),
        "users": st.integers(4, 12),
        "named": st.just(known),
        "conversations": st.lists(group | direct, max_size=5),
    }
    optional = {
        "cultures": st.lists(st.sampled_from(list(names.NAMES)), min_size=1, unique=True),
        "languages": st.lists(st.sampled_from(["en", "ja", "ar"]), min_size=1),
        "admins": few(3),
        "messages": st.integers(60, 300),
        "skew": st.sampled_from([0, 1, 2.5, 5]),
    }
    return draw(st.fixed_dictionaries(required, optional=optional))


WORLDS = st.fixed_dictionaries(
    {"organizations": st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).flatmap(
        lambda slugs: st.tuples(*map(teams, slugs)).map(list)
    )},
    optional={
        "messages": st.integers(300, 900),
        "weeks": st.sampled_from([1, 4, 520]),
        "habits": st.fixed_dictionaries({}, optional={"sentences": st.integers(1, 9), "deletions": SHARES}),
        "visits": st.booleans(),
        "hostile": st.booleans(),
    },
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(world=WORLDS, seed=st.integers(1, 50), factor=st.sampled_from([0.01, 0.3, 1, 1.7, 4]))
def test_a_valid_file_can_be_built_at_any_scale(
    written: Written, world: dict[str, Any], seed: int, factor: float
) -> None:
    try:
        spec = load(written(json.dumps(world)))
    except Invalid:
        event("refused")
        return
    event("read")
    keeps_limits(outline.build(spec, seed))
    keeps_limits(outline.build(scaled(spec, factor), seed))


TEXTS = st.one_of(
    st.text(),
    st.binary(),
    st.lists(
        st.sampled_from(
            [*"[]{},:-?&*!|>'\"#%@`<=~\n ", "\n  ", "- ", ": ", "<<: ", "0x", "1:1", "2026-02-30", *KEYS]
        )
    ).map("".join),
)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
@example(text="weeks: 0b_")
@example(text="weeks: 1:" + "59:" * 2000 + "1")
@example(text="last_day: 2026-01-01 00:00:00 +99:99")
@example(text="name: =")
@example(text="<<: {name: x}")
@example(text="organizations: [{}, {}]")
def test_any_text_is_refused(written: Written, text: str | bytes) -> None:
    told(written(text.encode(errors="surrogatepass") if isinstance(text, str) else text))


@settings(max_examples=200, deadline=None)
@given(start=few(2000), length=few(20), new=TEXTS)
def test_an_example_with_random_changes_is_read_or_refused(
    written: Written, start: int, length: int, new: str | bytes
) -> None:
    whole = EXAMPLE.read_bytes()
    new = new.encode(errors="surrogatepass") if isinstance(new, str) else new
    with suppress(Invalid):
        load(written(whole[:start] + new + whole[start + length :]))
