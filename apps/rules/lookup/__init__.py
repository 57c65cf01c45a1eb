"""Lookup: compiled rules, and the search from the header of a dataset to its best references."""
