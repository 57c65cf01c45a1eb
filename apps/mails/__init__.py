"""The mails that the server sends, and who has received each.

A mail is a row. It is written in the same transaction as the event that it reports, and a job sends it
afterwards. Each recipient gets it at least once: if a worker dies after the mail server took a mail and
before the worker noted that, the next worker sends it to this recipient again, under the same Message-ID.
"""
