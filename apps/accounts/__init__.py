"""Accounts, what each may do, login and logout with a lock, and API tokens."""
