"""Files on their way in: the ingest area, and what writes uploaded bytes there."""
