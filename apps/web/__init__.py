"""Pages that show data of several apps."""
