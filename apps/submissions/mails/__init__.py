"""Mails about a submission: when which is due, and their texts."""
