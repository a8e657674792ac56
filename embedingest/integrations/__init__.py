"""What other libraries use of ours: an entry in a registry, a retriever. Knows the front door, one library a module."""
