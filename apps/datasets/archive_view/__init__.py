"""The archive as a table or view of its own database, which settings describe. It is only ever read."""
