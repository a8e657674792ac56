"""Markup of lines as Markdown: Org, MediaWiki, manual pages, translations. Each reads a file line by line."""
