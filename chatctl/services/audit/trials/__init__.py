"""Running probes and recording their outcomes."""
