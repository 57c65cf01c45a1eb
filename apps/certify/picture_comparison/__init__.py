"""Comparison of the images of two references: old, new and their ratio as pictures, and statistics.

`compare` reads both files and writes the pictures. Only the child runs it, since the files may hold anything.
`runner` starts the child and limits it. All other code reads a comparison through `values`.
"""
