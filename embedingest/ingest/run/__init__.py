"""One run: candidates in, table and journal equal to them out."""
