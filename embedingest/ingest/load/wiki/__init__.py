"""MediaWiki's text as Markdown: links and templates, tables, pages of a dump. Expands no templates."""
