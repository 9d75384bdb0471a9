"""Creating the people of a world as users of Supabase Auth, through its Admin API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from uuid import UUID

from supabase import Client
from supabase_auth.types import User

from chatctl.api.client import ApiRefused, session
from chatctl.api.concurrent import for_each
from chatctl.errors import ChatctlError, Conflict, NotAllowed, NotFound
from chatctl.services.seed.rows import Person

_PAGE = 1_000  # users
_MAX_SHOWN = 5  # conflicts in a message
_NOT_FOUND, _NOT_IMPLEMENTED = 404, 501


def create(
    client: Client,
    people: Sequence[Person],
    *,
    password_hash: str,
    on_created: Callable[[int], None] = lambda existing: None,
) -> int:
    """Create the missing users of ``people`` with ``password_hash``; returns how many were created.

    ``on_created`` is called with the number of existing users. Auth creates the identities and sets all times
    to now. Raises Conflict if an id or an address belongs to another user, if possible before creating any;
    NotFound if this API has no user management.
    """
    missing = _missing(client, people)
    existing = len(people) - len(missing)
    on_created(existing)
    created = for_each(
        lambda person: _create(client, person, password_hash),
        missing,
        lambda done: on_created(existing + done),
    )
    return sum(created)


def delete(client: Client, ids: Sequence[UUID]) -> int:
    """Delete the users with these ids, ignoring missing ones; returns how many were deleted."""
    return sum(for_each(lambda id: _delete(client, id), ids, lambda done: None))


def sign_in(api_url: str, key: str, email: str, password: str) -> UUID:
    """Sign in with ``email`` and ``password`` and return the user's id; ``key`` is any key of the project.

    Raises NotAllowed if the sign-in fails.
    """
    # Not through supabase-py, which parses all timestamps and fails on those of Supabase Lite.
    with session(api_url, key) as http:
        try:
            response = http.post(
                "/auth/v1/token",
                params={"grant_type": "password"},
                json={"email": email, "password": password},
            ).json()
        except ApiRefused as refused:
            raise NotAllowed(f"{email} cannot sign in: {refused.reason}") from None
    try:
        if response["access_token"]:
            return UUID(response["user"]["id"])
    except (KeyError, TypeError, ValueError):
        pass
    raise NotAllowed(f"{email} cannot sign in: the response of Auth has no session")


def _missing(client: Client, people: Sequence[Person]) -> list[Person]:
    by_id = {str(person.id): person for person in people}
    by_email = {person.email: person for person in people}
    existing, clashes = set(), []
    for user in _users(client):
        email = user.email or "no address"
        if user.id in by_id and email == by_id[user.id].email:
            existing.add(user.id)
        elif user.id in by_id:
            clashes.append(f"user {user.id} has {email} instead of {by_id[user.id].email}")
        elif email in by_email:
            clashes.append(f"{email} belongs to user {user.id} instead of {by_email[email].id}")
    if clashes:
        more = f"; and {len(clashes) - _MAX_SHOWN} more" if len(clashes) > _MAX_SHOWN else ""
        raise Conflict(f"conflicts with existing users: {'; '.join(clashes[:_MAX_SHOWN])}{more}")
    return [person for id, person in by_id.items() if id not in existing]


def _users(client: Client) -> Iterator[User]:
    for page in count(1):
        try:
            users = client.auth.admin.list_users(page=page, per_page=_PAGE)
        except ApiRefused as refused:
            if refused.status in (_NOT_FOUND, _NOT_IMPLEMENTED):
                raise NotFound(
                    f"no Auth Admin API: {refused}", hint="use --users sql to create users with SQL"
                ) from None
            raise
        yield from users
        if len(users) < _PAGE:
            return


def _create(client: Client, person: Person, password_hash: str) -> bool:
    """Create a user; returns false if it already exists."""
    try:
        created = client.auth.admin.create_user(
            {
                "id": str(person.id),
                "email": person.email,
                "password_hash": password_hash,
                "email_confirm": True,
                "user_metadata": {"full_name": person.full_name},
            }
        )
    except ApiRefused as refused:
        # The response to an earlier attempt may have been lost, or a concurrent run may have created it.
        user = _find(client, person.id)
        if user is not None and user.email == person.email:
            return False
        if "email_exists" in refused.names:
            raise Conflict(f"{person.email} belongs to another user than {person.id}") from None
        raise ChatctlError(f"user {person.email} was not created: {refused}") from None
    if created.user.id != str(person.id):
        _delete(client, UUID(created.user.id))
        raise Conflict(
            f"Auth created {person.email} with a different id, so the user was deleted again",
            hint="this version of Auth does not accept ids: update it, or seed without secret_key",
        )
    return True


def _find(client: Client, id: UUID) -> User | None:
    try:
        return client.auth.admin.get_user_by_id(str(id)).user
    except ApiRefused as refused:
        if refused.status == _NOT_FOUND:
            return None
        raise


def _delete(client: Client, id: UUID) -> bool:
    try:
        client.auth.admin.delete_user(str(id))
    except ApiRefused as refused:
        if refused.status == _NOT_FOUND:
            return False
        raise
    return True
