"""References in JSON: versions of calibration software, parameters of steps."""

from __future__ import annotations

import json

from apps.demo.samples.sample import Sample


def make(sample: Sample) -> bytes:
    """Return the bytes of a JSON reference: the fields of every reference, and `Sample.content`."""
    tree = {
        "author": sample.author,
        "descrip": sample.description,
        "history": sample.history,
        "instrument": sample.instrument.upper(),
        "pedigree": sample.pedigree,
        "reftype": sample.reftype.upper(),
        "telescope": "JWST",
        "useafter": sample.useafter_text,
        **sample.keywords,
        **sample.content,
    }
    return (json.dumps(tree, indent=4, sort_keys=True) + "\n").encode()
