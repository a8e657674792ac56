"""A model folder read without torch: its settings, weights' headers, tokenizer and fingerprint."""
