"""Writers of answers: each yields text as rows arrive, so that the memory does not grow with the answer."""
