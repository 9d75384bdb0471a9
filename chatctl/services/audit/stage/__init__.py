"""The people and rows that probes run on, and the transaction that removes them again."""
