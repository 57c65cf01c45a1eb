"""Names: valid file names, newer names, official names, and specifiers of contexts."""
