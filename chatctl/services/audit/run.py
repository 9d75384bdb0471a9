"""One run over what access.yaml declares: a world of its own, everything tried in it, all of it undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chatctl.db.connection import Connection
from chatctl.errors import NotFound
from chatctl.services.audit import existing, fixture, inventory, lints, moments, privileges, room, untried
from chatctl.services.audit.batch import Trying, in_silence
from chatctl.services.audit.clock import near_now
from chatctl.services.audit.control import watched
from chatctl.services.audit.expectations import Access
from chatctl.services.audit.findings import Finding, Rule
from chatctl.services.audit.privileges import Privileges
from chatctl.services.audit.probes import Probe, Stage, generate
from chatctl.services.audit.scope import Scope
from chatctl.services.audit.trial import Trial
from chatctl.services.audit.undone import undone
from chatctl.services.audit.untried import Untried
from chatctl.services.audit.verdicts import Tried


@dataclass(frozen=True)
class Run:
    """What came of one run: ``access`` as far as somebody stands for it, and everything tried.

    ``reach`` is what the catalogue says; ``seconds`` is how old the world was in the end, by the server's
    clock.
    """

    access: Access
    held: Privileges
    reach: list[Finding]
    tried: list[Tried]
    names: dict[str, str]
    untried: list[Untried]
    near_now: tuple[str, ...]
    seconds: float


def run(
    conn: Connection, declared: Access, scope: Scope, sample: int | None, trying: Trying = in_silence
) -> Run:
    """Try what ``declared`` says, as far as ``scope`` goes; see ``report.audit``."""
    with undone(conn):
        held = privileges.held(conn, declared)
        reach = [*inventory.check(conn, declared, held), *lints.check(conn, declared)]
        trying("the rows that are there" if declared.fixture is None else declared.fixture.name)
        stage = _stage(conn, declared, held, sample)
        near = near_now(conn) if sample is None else ()
        if missing := scope.identities - {each.name for each in stage.access.identities}:
            raise NotFound(f"nobody in this database stands for {', '.join(sorted(missing))}")
        tried = try_all(stage, Trial(conn, stage.access, trying), scope, trying)
        absent = {each.object for each in reach if each.rule is Rule.absent}
        left = untried.check(stage, tried, scope, absent)
        age = conn.execute("select extract(epoch from clock_timestamp() - now())").fetchall()[0][0]
        return Run(stage.access, held, reach, tried, room.names(conn), left, near, float(age))


def try_all(stage: Stage, trial: Trial, scope: Scope, trying: Trying = in_silence) -> list[Tried]:
    """Every probe of ``scope``, also at every moment, and what came of it."""

    def probes() -> list[Probe]:
        trying(f"what must come of it, by {stage.access.path.name}")
        # A stage of its own: one that was asked keeps the answers.
        found = generate(replace(stage), scope.objects)
        return [probe for probe in found if scope.tries(probe)]

    return watched(probes, trial) + moments.tried(stage, trial, scope)


def _stage(conn: Connection, access: Access, held: Privileges, sample: int | None) -> Stage:
    if sample is None:
        return Stage(conn, access, fixture.make(conn, access), held)
    there, contents = existing.make(conn, access, sample)
    return Stage(conn, there, contents, held)
