"""Whose texts are computed when: one queue per model, batches of little padding, one place with threads."""
