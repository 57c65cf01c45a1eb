"""Pages that show submissions: one with its decision, past ones, and where a deliverer begins."""
