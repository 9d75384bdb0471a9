"""Filling a database with a world that looks alive: the same rows for the same seed, everywhere."""
