"""A small observatory as data: five deliveries, the rules made from them, and some exposures.

Its name is jwst, so that the client needs no special settings, but every file in it is made up.
"""

OBSERVATORY = "jwst"
USER = "seed_demo"  # It acts for nobody, as records say.
