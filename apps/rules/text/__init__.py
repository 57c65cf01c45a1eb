"""The text of mappings: read, written, and made from other mappings."""
