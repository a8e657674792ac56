"""What stands in front of a chunk where it is embedded: parts of its document, and sentences that others write."""
