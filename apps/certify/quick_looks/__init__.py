"""Quick looks into files: their parts, headers, first rows, numbers and pictures.

`make` reads one file and writes a look: a folder with ``look.json`` and pictures. Only the child runs `make`,
since the file may hold anything. `runner` starts the child and limits it. All other code reads a look through
`values`.
"""
