"""Which objects may behave otherwise when one of them changes, the nearest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from chatctl.db.connection import Connection
from chatctl.db.files import query


class Kin:
    """Who asks whom, by the catalogue."""

    def __init__(self, conn: Connection) -> None:
        self._users: dict[str, list[str]] = defaultdict(list)
        self._used: dict[str, list[str]] = defaultdict(list)
        for user, used in conn.execute(query("audit/uses").encode()):
            self._users[used].append(user)
            self._used[user].append(used)

    def used_by(self, name: str) -> list[str]:
        """What ``name`` asks, and what the functions among it ask, by how far it is from there."""
        functions = {user: used for user, used in self._used.items() if user == name or "(" in user}
        return _reached(name, functions)[1:]

    def users_of(self, name: str) -> list[str]:
        """All that ask ``name``, directly or not, by how far they are from it."""
        return _reached(name, self._users)[1:]


def _reached(name: str, by: Mapping[str, list[str]]) -> list[str]:
    found = [name]
    for each in found:
        found += [other for other in by.get(each, ()) if other not in found]
    return found
