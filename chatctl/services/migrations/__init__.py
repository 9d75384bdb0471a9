"""Bringing a database to what sql/ says: versioned files once, objects whenever their text changed."""

from chatctl.services.migrations.files import migrations, objects
from chatctl.services.migrations.run import migrate
from chatctl.services.migrations.status import status

__all__ = ["migrate", "migrations", "objects", "status"]
