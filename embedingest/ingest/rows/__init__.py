"""Which rows a file should have, and how they differ from those it has. Reads nothing."""
