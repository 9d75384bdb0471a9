"""sql/platform: the tables and functions of auth behave like those of a hosted project."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import (
    CheckViolation,
    InvalidTextRepresentation,
    UniqueViolation,
)

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as
from tests.support.platform import insert_user, value


def test_users_and_identities_have_the_defaults_of_auth(postgres: Connection) -> None:
    user = insert_user(postgres, "ann@example.test")
    row = postgres.execute(
        """
        select aud, created_at, confirmation_token, recovery_token, email_change, email_change_token_new,
               phone_change, phone_change_token, email_change_token_current, reauthentication_token,
               email_change_confirm_status, is_sso_user, is_anonymous, phone
        from auth.users
        """
    ).fetchone()
    assert row == (None, None, None, None, None, None, "", "", "", "", 0, False, False, None)

    postgres.execute("update auth.users set email_confirmed_at = '2026-01-23 12:00Z'")
    assert value(postgres, "select confirmed_at = email_confirmed_at from auth.users")
    postgres.execute(
        "insert into auth.identities (provider_id, user_id, provider, identity_data) "
        "values ('1', %s, 'email', '{\"email\": \"Ann@Example.test\"}')",
        (user,),
    )
    assert value(postgres, "select email from auth.identities where id is not null") == "ann@example.test"


@pytest.mark.parametrize(
    ("column", "literal", "error"),
    [
        ("email", "'ann@example.test'", UniqueViolation),
        ("phone", "'491701234567'", UniqueViolation),
        ("confirmation_token", "'deadbeef'", UniqueViolation),
        ("email_change_confirm_status", "3", CheckViolation),
    ],
)
def test_users_have_the_unique_constraints_of_auth(
    postgres: Connection, column: str, literal: str, error: type[psycopg.Error]
) -> None:
    statement = f"insert into auth.users (id, {column}) values (gen_random_uuid(), {literal})".encode()
    with pytest.raises(error):
        for _ in range(2):
            postgres.execute(statement)


def test_an_identity_is_unique_per_provider(postgres: Connection) -> None:
    user = insert_user(postgres)
    statement = (
        "insert into auth.identities (provider_id, user_id, provider, identity_data) "
        "values ('1', %s, %s, '{}')"
    )
    postgres.execute(statement, (user, "email"))
    postgres.execute(statement, (user, "github"))
    with pytest.raises(UniqueViolation):
        postgres.execute(statement, (user, "email"))


@pytest.mark.parametrize("claims", [None, "", "{}", '{"role": "authenticated"}', '{"sub": null}'])
def test_without_a_subject_there_is_no_user(api: Connection, claims: str | None) -> None:
    with api.transaction():
        act_as(api, "authenticated", claims)
        assert value(api, "select auth.uid()") is None


def test_the_claims_identify_the_user(api: Connection) -> None:
    user = uuid4()
    claims = {"sub": str(user), "role": "authenticated", "email": "ann@example.test", "extra": [1]}
    with api.transaction():
        act_as(api, "authenticated", claims)
        row = api.execute("select auth.uid(), auth.role(), auth.email(), auth.jwt()").fetchone()
    assert row == (user, "authenticated", "ann@example.test", claims)


def test_an_individual_claim_takes_precedence(api: Connection) -> None:
    alone, together = uuid4(), uuid4()
    with api.transaction():
        act_as(api, "authenticated", {"sub": str(together)})
        api.execute("select set_config('request.jwt.claim.sub', %s, true)", (str(alone),))
        assert value(api, "select auth.uid()") == alone


@pytest.mark.parametrize("claims", ["{", "claims", '{"sub": "not-a-uuid"}', '{"sub": ""}'])
def test_malformed_claims_raise_as_they_do_in_hosted_projects(api: Connection, claims: str) -> None:
    with pytest.raises(InvalidTextRepresentation), api.transaction():
        act_as(api, "authenticated", claims)
        api.execute("select auth.uid()")
