"""The definition that this server serves: writing it, checking it and starting its rules."""
