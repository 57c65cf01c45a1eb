"""Files to look into, and looks; every argument is optional."""

import io

import numpy as np
from astropy.io import fits

from apps.catalog import quick_looks
from apps.catalog.models import File
from apps.jobs.models import Job
from apps.jobs.pipeline import execute
from tests.factories.catalog import make_file


def fits_bytes(*extensions: fits.ImageHDU, **keywords: str) -> bytes:
    """Return a FITS file with keywords in its first header; by default with one image."""
    hdus = fits.HDUList(
        [fits.PrimaryHDU(), *(extensions or [fits.ImageHDU(np.eye(8, dtype=">f4"), name="SCI")])]
    )
    hdus[0].header.update(keywords)
    hdus.writeto(stream := io.BytesIO())
    return stream.getvalue()


def make_reference(name: str = "jwst_miri_dark_0001.fits", *, content: bytes | None = None) -> File:
    """Return a reference whose bytes we hold."""
    return make_file(name, content=fits_bytes() if content is None else content)


def make_look(file: File | None = None) -> File:
    """Return a reference that a worker has looked into."""
    file = file or make_reference()
    quick_looks.ask_for(file)
    work()
    return file


def work() -> None:
    """Do what a worker would: all that is queued."""
    for job in Job.objects.filter(status="queued").order_by("pk"):
        execute(job.pk)
