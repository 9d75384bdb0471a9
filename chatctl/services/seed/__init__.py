"""Filling a database with realistic data: the same seed gives the same rows on every server."""
