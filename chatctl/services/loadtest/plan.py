"""The plan of a run: the users to impersonate, and when each request is due.

chatctl computes it before the run and passes it to the load generator (loadtests/).
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from functools import cached_property

from chatctl.errors import Invalid

START_SECONDS = 30  # for all users to connect
LATE_SECONDS = 5  # after the last request is due, for pending responses

_VARIABLE = "CHATCTL_LOADTEST"


@dataclass(frozen=True)
class LoadPlan:
    """The load of one run: ``rate`` requests per second, of all ``users`` together, for ``duration`` seconds.

    ``people`` are the ids to impersonate, assigned to the users in turn.
    """

    url: str
    people: list[str]
    users: int
    rate: float
    duration: float
    seed: int = 1

    def environment(self) -> dict[str, str]:
        """The plan as an environment variable, which other users cannot read, unlike arguments."""
        return {_VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_environment(cls, env: MutableMapping[str, str] = os.environ) -> LoadPlan:
        """Remove the plan from ``env`` and return it."""
        text = env.pop(_VARIABLE, None)
        if text is None:
            raise Invalid(f"{_VARIABLE} is not set; scenarios are started by `chatctl loadtest`")
        return cls(**json.loads(text))

    @property
    def requests(self) -> int:
        """The number of planned requests."""
        return round(self.rate * self.duration)

    def person(self, user: int) -> str:
        """The id that user number ``user`` impersonates."""
        return self.people[user % len(self.people)]

    def due(self, user: int) -> list[float]:
        """When the requests of user number ``user`` are due: seconds from the start, in order."""
        return self._arrivals[user :: self.users]

    @cached_property
    def _arrivals(self) -> list[float]:
        # The arrivals of a Poisson process, given their number, are independent and uniform.
        generator = random.Random(self.seed)  # noqa: S311 - not a secret
        return sorted(generator.uniform(0, self.duration) for _ in range(self.requests))
