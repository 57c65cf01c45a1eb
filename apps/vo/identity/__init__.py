"""The callers of the services: tokens, and what a caller may see."""
