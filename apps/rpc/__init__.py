"""JSON-RPC: one thin typed function per method."""
