"""The same people a moment later: what they are has changed between two of their statements."""

from __future__ import annotations

from dataclasses import replace

from chatctl.errors import Invalid
from chatctl.services.audit import fixture, scripts
from chatctl.services.audit.control import watched
from chatctl.services.audit.expectations import Moment
from chatctl.services.audit.probes import Probe, Stage, generate
from chatctl.services.audit.scope import Scope
from chatctl.services.audit.trial import Trial
from chatctl.services.audit.verdicts import Tried


def tried(stage: Stage, trial: Trial, scope: Scope) -> list[Tried]:
    """The probes of every moment of access.yaml and what came of them.

    The session has tried the same statements as the same people before, so that whatever it keeps between
    two statements is from then. Each moment is undone.
    """
    return [each for moment in stage.access.moments for each in _tried(stage, trial, moment, scope)]


def _tried(stage: Stage, trial: Trial, moment: Moment, scope: Scope) -> list[Tried]:
    conn, access = stage.conn, stage.access
    later = replace(
        access, identities=tuple(each for each in access.identities if each.name in moment.identities)
    )
    with conn.transaction(force_rollback=True):
        conn.execute(
            "delete from chatctl_audit.identities where identity <> all (%s)", (list(moment.identities),)
        )
        scripts.run(conn, access, moment.do, f"{access.path.name}: moments.{moment.name}.do", Invalid)
        contents = fixture.take_again(conn, later, stage.contents)

        def probes() -> list[Probe]:
            now = Stage(conn, later, contents, stage.held)
            return [
                replace(probe, moment=moment.name)
                for probe in generate(now, scope.objects, brief=True)
                if scope.tries(probe)
            ]

        return watched(probes, trial.branch())
