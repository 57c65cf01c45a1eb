"""One more observatory for the stock ``crds`` client. Every start of Python reads `hook` and nothing else."""
