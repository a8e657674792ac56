"""Which files may have changed: events, polling, and when a file has settled. Reads no file."""
