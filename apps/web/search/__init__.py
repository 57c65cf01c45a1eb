"""The search for files, contexts, instruments, types and submissions."""
