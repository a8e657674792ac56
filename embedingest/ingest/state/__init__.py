"""What is remembered between runs: the journal, computed vectors, when failures are tried again."""
