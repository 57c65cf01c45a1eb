"""TAP 1.1: queries that are run at once, and the description of the service."""
