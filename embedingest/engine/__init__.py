"""Models to vectors: the encoder seam, the engine above it. Knows no files of the user, no tables, no HTTP."""
