"""Which objects depend on which others, by the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from chatctl.db.connection import Connection
from chatctl.db.files import query


class Dependencies:
    """The dependencies between tables, views, policies, triggers and functions."""

    def __init__(self, conn: Connection) -> None:
        self._users: dict[str, list[str]] = defaultdict(list)
        self._used: dict[str, list[str]] = defaultdict(list)
        for user, used in conn.execute(query("audit/uses").encode()):
            self._users[used].append(user)
            self._used[user].append(used)

    def dependencies_of(self, name: str) -> list[str]:
        """What ``name`` uses, directly or through functions, the nearest first."""
        functions = {user: used for user, used in self._used.items() if user == name or "(" in user}
        return _reachable(name, functions)[1:]

    def dependents_of(self, name: str) -> list[str]:
        """What uses ``name``, directly or indirectly, the nearest first."""
        return _reachable(name, self._users)[1:]


def _reachable(name: str, edges: Mapping[str, list[str]]) -> list[str]:
    reached = [name]
    for each in reached:
        reached += [other for other in edges.get(each, ()) if other not in reached]
    return reached
