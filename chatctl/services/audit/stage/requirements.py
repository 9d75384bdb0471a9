"""What an audit requires of a database: the roles of access.yaml and, for chatctl's rules, the backend."""

from __future__ import annotations

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.db.requirements import require_backend, require_supabase
from chatctl.errors import Invalid
from chatctl.services.audit.access import default_file
from chatctl.services.audit.access.expectations import Access


def require(conn: Connection, access: Access) -> None:
    """Raise Invalid if a role of ``access`` does not exist, NotFound without the backend."""
    roles = [*access.api.roles, *access.api.trusted, *([access.api.signs_in] if access.api.signs_in else [])]
    missing = [role for (role,) in conn.execute(query("audit/missing_roles"), {"roles": roles})]
    if missing:
        require_supabase(conn)
        raise Invalid(
            f"{access.path.name}: api names roles that do not exist in this database: {', '.join(missing)}"
        )
    if access.path.resolve() == default_file().resolve():
        require_supabase(conn)
        require_backend(conn)
