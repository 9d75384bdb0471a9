"""What a finding is, what its rule means, and which file and line it is about."""
