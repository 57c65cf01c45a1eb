"""From the header of a dataset to its best references, and the compiled rules that answer."""
