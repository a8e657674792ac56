"""Which files are there: roots, ignore rules, stat facts. Opens no document."""
