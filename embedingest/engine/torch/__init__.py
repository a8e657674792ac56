"""The model run by torch through sentence-transformers: the reference, and the path for GPUs."""
