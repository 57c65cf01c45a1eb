"""Every file we know: bytes, checksum, state, and who did what to it."""
