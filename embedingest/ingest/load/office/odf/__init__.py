"""What is OpenDocument's own: its words, lists, styles, places and grids."""
