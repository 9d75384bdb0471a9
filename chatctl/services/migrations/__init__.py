"""Bringing a database to what sql/ says.

``files`` reads the files, ``made`` what an object file makes, ``history`` what the database has had. ``plan``
compares them and ``run`` does what is left: ``execute`` runs a file, ``alone`` one without transaction,
``objectfiles`` the objects; ``lock`` keeps others out, ``patience`` keeps out of the way, ``effects`` is what
a rehearsal sees. ``status`` tells, ``repair`` corrects the history, ``new`` and ``export`` write files.
"""

from chatctl.services.migrations.files import migrations, objects
from chatctl.services.migrations.run import Callbacks, migrate
from chatctl.services.migrations.status import status

__all__ = ["Callbacks", "migrate", "migrations", "objects", "status"]
