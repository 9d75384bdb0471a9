"""What operators look at: organizations, users, conversations, messages. It reads and changes nothing."""
