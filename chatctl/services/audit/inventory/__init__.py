"""What the database's catalogue says about access, compared with access.yaml."""
