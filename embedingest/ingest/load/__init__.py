"""Bytes to documents, one loader a kind of file. Knows no chunks, no models, no tables."""
