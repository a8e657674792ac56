"""Places that are no folder: listed, and read item by item."""
