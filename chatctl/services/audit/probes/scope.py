"""``--only``: the objects, identities and commands that an audit is limited to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from chatctl.errors import NotFound
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.probes.probe import Probe

COMMANDS = ("select", "insert", "update", "delete", "truncate", "execute")


@dataclass(frozen=True)
class Scope:
    """Empty means all.

    Every identity is tried anyway, because a refusal proves something only if somebody else succeeds.
    """

    objects: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()

    @classmethod
    def of(cls, access: Access, words: Iterable[str]) -> Scope:
        """The scope of ``words``, each an object, an identity or a command. Raises NotFound for others."""
        known = {
            "objects": [
                *(each.name for each in access.tried_tables),
                *(each.signature for each in access.tried_functions),
            ],
            "identities": [each.name for each in access.identities],
            "commands": COMMANDS,
        }
        selected: dict[str, set[str]] = {kind: set() for kind in known}
        for word in words:
            kinds = [kind for kind, names in known.items() if word in names]
            if not kinds:
                raise NotFound(
                    f"{access.path.name} lists no table, function or identity {word}, nor is it a command",
                    hint=_nearest(word, [name for names in known.values() for name in names]),
                )
            selected[kinds[0]].add(word)
        return cls(**{kind: frozenset(names) for kind, names in selected.items()})

    def tries(self, probe: Probe) -> bool:
        """Whether ``probe`` has to be tried."""
        return not self.commands or probe.privilege in self.commands

    def shows(self, probe: Probe) -> bool:
        """Whether the outcome of ``probe`` is reported."""
        return self.tries(probe) and (not self.identities or probe.identity.name in self.identities)

    def judges(self, name: str) -> bool:
        """Whether all probes of the object ``name`` are tried and reported."""
        return not (self.identities or self.commands) and (not self.objects or name in self.objects)


EVERYTHING = Scope()


def _nearest(word: str, names: Collection[str]) -> str | None:
    # A function may be given without its types.
    matches = [name for name in names if name.startswith(f"{word}(")] or get_close_matches(word, names, n=1)
    return f"did you mean {matches[0]}?" if matches else None
