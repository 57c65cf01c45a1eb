"""The client package of an observatory with a definition of its own: index for pip, files and page."""
