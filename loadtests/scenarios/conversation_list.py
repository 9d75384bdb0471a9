"""Loading the conversation list with one call, as the client does; every user loads its own list."""

from __future__ import annotations

from clients.sql import SqlUser


class ConversationList(SqlUser):
    """A user who opens the app repeatedly."""

    def request(self) -> None:
        """Load the conversation list."""
        self.query(
            "conversation list",
            "select * from get_conversations_with_details(p_user_id => %s)",
            self.person,
        )
