"""The page where operators set a context."""
