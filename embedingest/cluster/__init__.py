"""One run over several nodes: a driver that hands out parts of the files, nodes that read and embed them."""
