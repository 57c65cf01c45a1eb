"""Small references in the real formats, made from a description.

Files are a few kilobytes, pass the client's certification and are the same bytes whenever and wherever they
are made with the same libraries: they hold no moment of making and no random numbers, and their pixels no
arithmetic that differs by processor.
"""

from apps.demo.samples.make import make_reference
from apps.demo.samples.sample import Sample, SampleError

__all__ = ["Sample", "SampleError", "make_reference"]
