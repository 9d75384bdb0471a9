"""Access according to the system catalogs, compared with access.yaml."""
