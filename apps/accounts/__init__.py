"""Lets people in, says what they may do, and takes their lock at login."""
