"""Building blocks of reports: escaping, and the elements of each format."""
