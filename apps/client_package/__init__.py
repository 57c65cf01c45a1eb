"""The package that teaches the stock client one more observatory. The same definition gives the same bytes.

`template` is the source of the package; it runs beside the client and not in the server. `document` makes
from a definition what the package needs to know, and `wheel` puts both together.
"""
