"""``chatctl local``: the embedded PostgreSQL server of a project; one module per verb."""

from __future__ import annotations

from chatctl.cli.commands.local import down, env, psql, reset, status, up
from chatctl.cli.options import NO_FORMATS, ROWS, App

app = App(
    help="Run the embedded PostgreSQL server of this project, whose data is in .chatctl.",
    epilog="""\b
Examples:
  chatctl local up                       start it; the first start takes a second
  chatctl local up --pg-version 16       use another major version
  chatctl local status -o json | jq .    show whether and where it runs
  chatctl local psql -- -c 'select 1'    run SQL as the role that owns the backend
  eval "$(chatctl local env)"            set CHATCTL_DB_URL for other programs
  chatctl local reset --confirm my-app   delete all its data (.chatctl is in directory my-app)

These commands use the nearest .chatctl, in the working directory or above it, up to the root of the git
repository. If there is none, `up` creates it next to chatctl.yaml, else in the root of the
repository, or, outside a repository, in the working directory.

The server listens only on a Unix socket that only you and root can access, and runs until `chatctl local
down`. If you are root, it runs as the system user pgserver. chatctl then gives pgserver search permission
on those parent directories of .chatctl that root owns, and prints them; it does not change directories of
other users.

chatctl changes a .chatctl directory only if it created it, which the file MADE_BY_CHATCTL marks.
""",
)
app.command(formats=ROWS)(up.up)
app.command(formats=ROWS)(down.down)
app.command(formats=ROWS)(status.status)
app.command(formats=ROWS)(reset.reset)
app.command(epilog=psql.EPILOG, formats=NO_FORMATS)(psql.psql)  # psql writes
app.command(epilog=env.EPILOG, formats=ROWS)(env.env)
