"""The pages of operators below ``/operate/``: the state of the server, and acts that are shown first."""
