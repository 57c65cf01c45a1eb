"""The page that marks files bad, and the mappings that this taints."""
