"""What other libraries find of ours in their own registries. Knows the front door and one library a module."""
