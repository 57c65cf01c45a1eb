"""One box that finds files, contexts, instruments, types and submissions."""
