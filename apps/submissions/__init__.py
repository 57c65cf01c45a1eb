"""Submissions: from uploaded files through checks to confirm, force or cancel."""
