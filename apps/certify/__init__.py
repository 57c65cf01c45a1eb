"""Checks of files and quick looks into them; only they import astropy, asdf, crds and the data models."""
