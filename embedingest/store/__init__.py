"""The LanceDB table: schema, writes, search, upkeep. Knows no models and no files.

The values come from `store.values`; the table from `store.table`, imported where it is used because LanceDB is slow
to import.
"""
