"""Mails about a submission: the facts in them, and their texts."""
