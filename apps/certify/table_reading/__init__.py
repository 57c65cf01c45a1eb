"""Rows and curves of the tables in FITS files, read for one page.

`read` reads one file. Only the child runs it, since the file may hold anything. `runner` starts the child and
limits it. All other code reads the answer through `values`.
"""
