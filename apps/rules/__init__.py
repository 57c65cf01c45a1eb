"""Rules of the observatories: text in, values out. Nothing here imports Django or reads the disk."""
