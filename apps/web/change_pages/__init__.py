"""The references that changed between two contexts, and those that were delivered lately."""
