"""Every context, and which one is edit, latest, versions or build since when."""
