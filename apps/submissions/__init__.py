"""Takes uploaded files from ingest through checks to confirm, force or cancel."""
