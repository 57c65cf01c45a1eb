"""Files: the catalogue to browse, and all that is known about one file."""
