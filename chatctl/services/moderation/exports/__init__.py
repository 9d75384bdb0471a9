"""``chatctl conversation export``, ``user export`` and ``export verify``: directories with a manifest."""
