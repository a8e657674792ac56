"""The commands that change what is there: a running watch is asked to, else they do it themselves."""
