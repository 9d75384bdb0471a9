"""Applying sql/ to a database.

``files`` reads the files, ``definitions`` finds the objects that a file defines, ``history`` reads and writes
the applied migrations. ``plan`` compares them, and ``run`` executes the plan: ``execute`` runs one file,
``no_transaction`` one outside a transaction, ``objectfiles`` the object files. ``lock`` is the migration
lock, ``effects`` observes a dry run. ``status`` reports, ``repair`` corrects the history, ``new`` and
``export`` write files.
"""

from chatctl.services.migrations.files import migrations, objects
from chatctl.services.migrations.run import Callbacks, migrate
from chatctl.services.migrations.status import status

__all__ = ["Callbacks", "migrate", "migrations", "objects", "status"]
