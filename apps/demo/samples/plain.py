"""The smallest references that certification accepts: keywords and a few numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import asdf
import numpy as np
from astropy.io import fits

SIDE = 8  # pixels


def make_plain(extension: str, keywords: Mapping[str, str], *, seed: int) -> bytes:
    """Return the bytes of a reference with these keywords; the same arguments give the same bytes."""
    pixels = np.random.default_rng(seed).integers(0, 100, (SIDE, SIDE)).astype("i2")
    if extension == ".json":
        content = {key.lower(): value for key, value in keywords.items()} | {"smoothing": seed % 10}
        return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
    stream = io.BytesIO()
    if extension == ".asdf":
        tree = {key.lower(): value for key, value in keywords.items()} | {"coefficients": pixels[0].tolist()}
        asdf.AsdfFile(tree).write_to(stream)
    else:
        header = fits.Header()
        header.update(keywords)
        fits.PrimaryHDU(pixels, header=header).writeto(stream)
    return stream.getvalue()
