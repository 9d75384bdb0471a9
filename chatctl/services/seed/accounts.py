"""The people of a world as users of Supabase Auth, made through its Admin API."""

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
_NAMED = 5  # clashes of many
_NOT_FOUND, _NOT_IMPLEMENTED = 404, 501


def create(
    client: Client,
    people: Sequence[Person],
    *,
    password_hash: str,
    on_made: Callable[[int], None] = lambda there: None,
) -> int:
    """Make those of ``people`` who are not there yet, with the password of ``password_hash``; how many.

    ``on_made`` hears how many are there by now. Auth makes the identity and sets the times: those of now.
    Raises Conflict when an id or an address is another user's, before any is made as far as Auth lists
    them; NotFound when this API has no users to manage.
    """
    missing = _missing(client, people)
    there = len(people) - len(missing)
    on_made(there)
    made = for_each(
        lambda person: _make(client, person, password_hash), missing, lambda done: on_made(there + done)
    )
    return sum(made)


def delete(client: Client, ids: Sequence[UUID]) -> int:
    """Delete the users with these ids, as far as they are there; how many were."""
    return sum(for_each(lambda id: _delete(client, id), ids, lambda done: None))


def sign_in(api_url: str, key: str, email: str, password: str) -> UUID:
    """The id of the user who signs in with ``email`` and ``password``; ``key`` is any key of the project.

    Raises NotAllowed when they cannot.
    """
    # Not through supabase-py: it reads every time in the answer, and cannot read those of Supabase Lite.
    with session(api_url, key) as http:
        try:
            answer = http.post(
                "/auth/v1/token",
                params={"grant_type": "password"},
                json={"email": email, "password": password},
            ).json()
        except ApiRefused as refused:
            raise NotAllowed(f"{email} cannot sign in: {refused.words}") from None
    try:
        if answer["access_token"]:
            return UUID(answer["user"]["id"])
    except (KeyError, TypeError, ValueError):
        pass
    raise NotAllowed(f"{email} cannot sign in: Auth answers without a session")


def _missing(client: Client, people: Sequence[Person]) -> list[Person]:
    by_id = {str(person.id): person for person in people}
    by_email = {person.email: person for person in people}
    there, clashes = set(), []
    for user in _users(client):
        email = user.email or "no address"
        if user.id in by_id and email == by_id[user.id].email:
            there.add(user.id)
        elif user.id in by_id:
            clashes.append(f"user {user.id} has {email} instead of {by_id[user.id].email}")
        elif email in by_email:
            clashes.append(f"{email} belongs to user {user.id} instead of {by_email[email].id}")
    if clashes:
        more = f"; and {len(clashes) - _NAMED} more" if len(clashes) > _NAMED else ""
        raise Conflict(f"other users are in the way: {'; '.join(clashes[:_NAMED])}{more}")
    return [person for id, person in by_id.items() if id not in there]


def _users(client: Client) -> Iterator[User]:
    for page in count(1):
        try:
            users = client.auth.admin.list_users(page=page, per_page=_PAGE)
        except ApiRefused as refused:
            if refused.status in (_NOT_FOUND, _NOT_IMPLEMENTED):
                raise NotFound(
                    f"no Admin API of Auth: {refused}", hint="without it users are made in SQL"
                ) from None
            raise
        yield from users
        if len(users) < _PAGE:
            return


def _make(client: Client, person: Person, password_hash: str) -> bool:
    """Whether the user had to be made."""
    try:
        made = client.auth.admin.create_user(
            {
                "id": str(person.id),
                "email": person.email,
                "password_hash": password_hash,
                "email_confirm": True,
                "user_metadata": {"full_name": person.full_name},
            }
        )
    except ApiRefused as refused:
        # It is ours when the answer to an earlier try was lost, or when another run was faster.
        found = _find(client, person.id)
        if found is not None and found.email == person.email:
            return False
        if "email_exists" in refused.names:
            raise Conflict(f"{person.email} belongs to another user than {person.id}") from None
        raise ChatctlError(f"user {person.email} was not made: {refused}") from None
    if made.user.id != str(person.id):
        _delete(client, UUID(made.user.id))
        raise Conflict(
            f"Auth made {person.email} under an id of its own, and it was deleted again",
            hint="this Auth is too old to be given ids: update it, or seed without secret_key",
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
