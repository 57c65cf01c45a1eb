"""The work of workers and long commands on many files."""
