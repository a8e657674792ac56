"""A hub of models: what it says of a repository, which files a model needs of it, and fetching them whole."""
