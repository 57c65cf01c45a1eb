"""Pages of submissions: one submission and its decision, past submissions, and the start page."""
