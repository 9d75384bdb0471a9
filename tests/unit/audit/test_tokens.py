"""The claims of an identity, as SQL with id() in it."""

from __future__ import annotations

from typing import Any

import pytest

from chatctl.services.audit.access.expectations import Identity
from chatctl.services.audit.stage.claims import claims_sql


def claimed(claims: dict[str, Any], user: str | None = None) -> str:
    return claims_sql(
        Identity(
            name="one", says="somebody", role="member", user=user, claims=claims, raw=None, reads_only=False
        )
    ).as_string(None)


def test_claims_without_placeholders_are_plain_json() -> None:
    assert (
        claimed({"n": [1, {"a'b": None}]})
        == """('{"role": "member", "n": [1, {"a''b": null}]}'::jsonb)::text"""
    )


def test_a_user_has_a_sub_that_claims_may_override() -> None:
    assert claimed({}, "ann") == (
        """(jsonb_build_object('sub', id('ann')) || '{"aud": "member", "role": "member"}'::jsonb)::text"""
    )


def test_a_fixture_id_is_replaced_at_any_depth() -> None:
    sql = claimed({"of": {"ids": [{"id": "it's"}, "id"]}})
    assert sql == (
        """(jsonb_build_object('role', '"member"'::jsonb, 'of', """
        """jsonb_build_object('ids', jsonb_build_array(to_jsonb(id('it''s')), '"id"'::jsonb))))::text"""
    )


@pytest.mark.parametrize("claim", [{"id": 1}, {"id": "a", "b": "c"}, {"id": {"b": "c"}}])
def test_a_mapping_that_only_resembles_an_id_is_an_ordinary_claim(claim: dict[str, Any]) -> None:
    assert "id(" not in claimed({"of": claim})
