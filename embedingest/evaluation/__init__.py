"""How good a search is on questions whose answers are known. Knows no command line."""
