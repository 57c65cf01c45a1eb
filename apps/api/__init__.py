"""REST at ``/api/v1/``: files, contexts, mappings, best references, changes and jobs, to read."""
