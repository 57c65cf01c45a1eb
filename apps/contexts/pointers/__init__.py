"""The page on which operators set a context."""
