"""The text of mappings: reading, writing, and deriving it from other mappings."""
