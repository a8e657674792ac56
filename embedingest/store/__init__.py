"""The LanceDB table: schema, writes, search, upkeep. Knows no models and no files."""
