"""Which references a dataset needs under a context, and why."""
