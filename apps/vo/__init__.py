"""The services of the Virtual Observatory: TAP, DataLink, and the tokens for them."""
