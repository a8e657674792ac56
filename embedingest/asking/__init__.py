"""A question to the program that has a table open, and its answer: by a Unix socket in the state folder."""
