"""The web server: an asynchronous loop for the connections, and threads for the work (docs/adr/0013)."""
