"""The references that a dataset needs under a context, and the reasons for them."""
