"""``chatctl local``: the embedded PostgreSQL server of a project; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.local import down, env, psql, reset, status, up
from chatctl.cli.options import NO_FORMATS, ROWS, App

app = App(
    help="Run the embedded PostgreSQL server of this project, in its directory .chatctl.",
    epilog="""\b
Examples:
  chatctl local up                       start it; the first time takes a second
  chatctl local up --pg-version 16       with the other major version
  chatctl local status -o json | jq .    is it running, and where
  chatctl local psql -- -c 'select 1'    SQL, as the role that owns the backend
  eval "$(chatctl local env)"            let other programs find it
  chatctl local reset --confirm my-app   delete all its data (.chatctl is in directory my-app)

All of them use the nearest .chatctl, in the working directory or above it, up to the root of the git
repository. Where there is none, `up` and `reset` create it beside chatctl.yaml, else in the root of the
repository; outside of a repository, in the working directory.

It listens on a unix socket only, which nobody but you and root can reach, and keeps running until
`chatctl local down`. Root runs it as the system user pgserver, and lets that user pass through (not
list) its own directories above .chatctl, which it names; those of other users it leaves closed.

A .chatctl that chatctl did not make is left as it is: the file MADE_BY_CHATCTL says that it did.
""",
)
app.command(formats=ROWS)(up.up)
app.command(formats=ROWS)(down.down)
app.command(formats=ROWS)(status.status)
app.command(formats=ROWS)(reset.reset)
app.command(epilog=psql.EPILOG, formats=NO_FORMATS)(psql.psql)  # psql writes
app.command(epilog=env.EPILOG, formats=ROWS)(env.env)
