"""The mails that the server sends, and how far each got.

A mail is a row, written in the transaction of what it tells of, and its job sends it afterwards. Each
recipient gets it at least once: if a worker dies between the answer of the mail server and its own note of
it, the next one sends the mail to that recipient again, under the same Message-ID.
"""
