"""Differences between a database and sql/: ``catalogue`` reads a database, ``compare`` compares two."""
