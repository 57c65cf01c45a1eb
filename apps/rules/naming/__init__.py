"""Names of files: which are names, which is newer, which are official; and what people type for a context."""
