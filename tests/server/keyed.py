"""A small table with two teams' folders, served with keys of all kinds."""

from __future__ import annotations

from embedingest.config.keys import KeyConfig, hash_of, new_key

FILES = {
    "team-a/plan.md": "# Plan\n\nThe harbour opens in spring.\n",
    "team-a/notes.md": "Harbour notes: boats and nets.\n",
    "team-b/secret.md": "# Merger\n\nThe harbour will be sold to the merger partner.\n",
    "team-b/copy.md": "Harbour notes: boats and nets.\n",
}
FILTER = "source startswith 'docs/team-a/'"


def write_files(folder):
    for name, text in FILES.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "docs"


def made(*can, filter=None):  # noqa: A002 -- the name that the configuration has
    """A fresh key and its settings."""
    key = new_key()
    return key, KeyConfig(hash=hash_of(key), can=can, filter=filter)


def bearer(key):
    return {"Authorization": f"Bearer {key}"}
