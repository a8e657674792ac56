"""What several loaders share: decoding, zip containers, languages, optional libraries, HTML as Markdown."""
