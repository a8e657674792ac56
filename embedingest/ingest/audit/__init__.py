"""Compares folder, journal and table, and writes nothing (`verify` mends where asked)."""
