"""Django's backend for PostgreSQL, for servers whose database is restarted or away for a while.

It differs in four ways:

- The first dead connection that is found in the pool empties it. Without this, each of them costs the next
  caller twice the pause of the one before.
- While the database is away, one caller at a time tries to reach it. All others are refused at once.
- A read outside a transaction is repeated once if its connection was lost.
- A statement is given up if the database freezes in its middle.
"""
