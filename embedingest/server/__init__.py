"""The engine over HTTP. Never sees a file path of the ingest walk."""
