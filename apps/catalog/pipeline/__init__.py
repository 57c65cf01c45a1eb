"""What a worker or a long command does with many files."""
