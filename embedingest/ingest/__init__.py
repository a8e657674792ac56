"""The ingest walk: watch, load, chunk, plan, embed, commit. Knows no wire type."""
