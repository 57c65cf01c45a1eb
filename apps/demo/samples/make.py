"""The maker that turns a description into bytes."""

from __future__ import annotations

from apps.demo.samples import asdf_files, fits_files, json_files
from apps.demo.samples.sample import Sample, SampleError

_MAKERS = {".fits": fits_files.make, ".asdf": asdf_files.make, ".json": json_files.make}


def make_reference(sample: Sample) -> bytes:
    """Return the bytes of the reference that `sample` describes.

    Raises
    ------
    SampleError
        Raised if no sample can be made for the extension of the name or for the reftype.
    """
    for extension, make in _MAKERS.items():
        if sample.name.endswith(extension):
            return make(sample)
    raise SampleError(f"No samples like {sample.name} can be made; extensions are {', '.join(_MAKERS)}.")
