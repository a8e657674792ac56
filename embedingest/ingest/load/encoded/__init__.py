"""What stands in a text and is no words: data in letters, packed code, keys and signatures."""
