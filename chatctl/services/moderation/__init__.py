"""What operators do: act on messages, people and conversations, and read the log of it."""
