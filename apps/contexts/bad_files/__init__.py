"""The page where files are marked bad, and what that taints."""
