"""The ingest area, and the upload handler that writes files there."""
