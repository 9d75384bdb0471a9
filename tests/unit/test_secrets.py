"""Passwords and keys are masked, even in excerpts of a text."""

from __future__ import annotations

import pytest

from chatctl.secrets import excerpt, mask

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://postgres:hunter2@host/db", "hunter2"),
        ("postgresql://postgres:p%40ss:word@host/db", "word"),
        ("connection to postgres://u:hunter2@h failed", "hunter2"),
        ("host=x password=hunter2 user=y", "hunter2"),
        ("host=x password='hunter two' user=y", "hunter two"),
        ("postgresql://h/db?password=hunter2&x=1", "hunter2"),
        ("to postgresql://ann@corp:hunter2@h/d", "hunter2"),
        ("create role app login password 'hunter2' nosuchoption", "hunter2"),
        ("alter role app encrypted password E'it''s \\' hunter2'", "hunter2"),
        ("alter role app password $p$hunter2$p$ valid until 'x'", "hunter2"),
        ("create role app password 'my hunter2", "hunter2"),
        ('{"password": "my hunter2"}', "hunter2"),
        ("password: hunter2", "hunter2"),
        ("key sb_secret_Ab-12_x is wrong", "Ab-12_x"),
        ("token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "eyJzdWIiOi"),
    ],
)
def test_secrets_are_masked_anywhere_in_a_text(text: str, hidden: str) -> None:
    assert hidden not in mask(text)
    assert "***" in mask(text)


def test_a_password_is_masked_up_to_the_last_at_sign() -> None:
    assert mask("to postgresql://u:ab@c/d@h/d failed") == "to postgresql://u:***@h/d failed"


def test_an_excerpt_is_masked_and_marked_as_cut() -> None:
    assert excerpt("short", 10) == "short"
    assert excerpt("x" * 11, 10) == f"{'x' * 10} … (cut from 11 characters)"
    assert SECRET not in excerpt(f"xxxx a://u:{SECRET * 3}@h", 16)
    for length in range(3_900, 4_000):  # masking shortens the long token, so that more text becomes visible
        assert "hunter" not in excerpt(f"eyJ{'x' * 2_500} {'y ' * (length // 2)}a://u:hunter2@h", 2_000)


def test_masking_takes_linear_time() -> None:
    pieces = (
        "a.",
        "eyJ-",
        "a://",
        "a://b:",
        "password=",
        "sb_secret_",
        "password '",
        "password $",
        "''",
        "\\'",
    )
    for piece in pieces:
        assert mask(piece * 100_000)  # in quadratic time, this would take hours
