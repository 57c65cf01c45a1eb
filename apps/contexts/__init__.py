"""All contexts, and the history of the pointers edit, latest, versions and build."""
