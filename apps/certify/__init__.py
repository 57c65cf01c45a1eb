"""Looks into files: the only importer of astropy, asdf, crds and the data models."""
