"""Folders of documents into a LanceDB table that stays equal to them, and the same embedding engine over HTTP."""

__version__ = "0.1.0"
