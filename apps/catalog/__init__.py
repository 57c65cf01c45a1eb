"""The ledger of all files: bytes, checksum, state, and a record of who did what to them."""
