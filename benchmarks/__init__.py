"""The speed of chatctl and its backend, as ratios measured side by side in one run; see ``make bench``."""
