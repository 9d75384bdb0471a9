"""What reports of every kind are made of: text made harmless, and the parts of their formats."""
