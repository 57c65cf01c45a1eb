"""A small observatory as data: five deliveries, the rules that follow from them, and some exposures.

It goes by the name jwst, so that the client needs no special treatment, but every file in it is made up.
"""

OBSERVATORY = "jwst"
