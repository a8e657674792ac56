"""Pages of the web as a tree: what of it is content or hidden, its words, tables and Markdown. Fetches nothing."""
