"""Backups of a whole server: a consistent copy of the database, and every file that it says is held.

::

    <backup>/files/mappings/<observatory>/<name>     the bytes, as in the store; a name is copied once
    <backup>/files/references/<observatory>/<name>
    <backup>/snapshots/<moment>/database             of SQLite, or a dump of PostgreSQL in its custom format
    <backup>/snapshots/<moment>/manifest             one line for each held file: sha1sum, size, name
    <backup>/snapshots/<moment>/server.json          the identity of the store
    <backup>/snapshots/<moment>/secret_key           if the server made it by itself
    <backup>/snapshots/<moment>/backup.json          written last: facts, and the sha1sums of the others

Files never change, so a further snapshot copies new names only. The database is copied first: whatever it
names is in the store by then.
"""
