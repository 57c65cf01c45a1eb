"""ADQL: queries are read, compared with an allow-list, resolved and written for our database."""
