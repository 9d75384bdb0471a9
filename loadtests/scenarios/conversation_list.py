"""The conversation list, as the plan's client loads it: one call, each user for itself."""

from __future__ import annotations

from clients.sql import SqlUser


class ConversationList(SqlUser):
    """Opens the app again and again."""

    def request(self) -> None:
        """Load the list."""
        self.query(
            "conversation list",
            "select * from get_conversations_with_details(p_user_id => %s)",
            self.person,
        )
