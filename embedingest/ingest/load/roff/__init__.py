"""Manual pages in roff, with the macros man or mdoc, as Markdown. Runs no roff."""
