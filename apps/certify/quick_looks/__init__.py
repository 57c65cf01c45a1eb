"""Quick looks into files: their parts, headers, first rows, numbers and pictures.

`make` reads one file and writes a look: a folder with ``look.json`` and pictures. Only the child does so,
since the file may be anything; `runner` starts the child and bounds it, and `values` is what all others read.
"""
