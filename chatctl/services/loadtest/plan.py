"""The plan of a run, made before it starts: whom to impersonate, and when each request is due.

chatctl hands it to the load generator (loadtests/), which keeps to it.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from functools import cached_property

from chatctl.errors import Invalid

START_SECONDS = 30  # for all users to be connected
LATE_SECONDS = 5  # after the last request is due, for those that are still under way

_VARIABLE = "CHATCTL_LOADTEST"


@dataclass(frozen=True)
class LoadPlan:
    """The load of one run: ``rate`` requests per second, of all ``users`` together, for ``duration`` seconds.

    ``people`` are the ids to impersonate; the users take them in turn.
    """

    url: str
    people: list[str]
    users: int
    rate: float
    duration: float
    seed: int = 1

    def environment(self) -> dict[str, str]:
        """The plan as a variable for the load generator: unlike arguments, nobody else can read it."""
        return {_VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_environment(cls, env: MutableMapping[str, str] = os.environ) -> LoadPlan:
        """The plan in ``env``, which does not hold it any more."""
        text = env.pop(_VARIABLE, None)
        if text is None:
            raise Invalid(f"{_VARIABLE} is not set; scenarios are started by `chatctl loadtest`")
        return cls(**json.loads(text))

    @property
    def requests(self) -> int:
        """How many requests are planned."""
        return round(self.rate * self.duration)

    def person(self, user: int) -> str:
        """Whom user number ``user`` impersonates."""
        return self.people[user % len(self.people)]

    def due(self, user: int) -> list[float]:
        """When user number ``user`` is to send: seconds from the start, in order."""
        return self._arrivals[user :: self.users]

    @cached_property
    def _arrivals(self) -> list[float]:
        # Poisson arrivals, given their number, are independent and uniform. The same seed, the same plan.
        dice = random.Random(self.seed)  # noqa: S311 - nobody guards a secret with it
        return sorted(dice.uniform(0, self.duration) for _ in range(self.requests))
