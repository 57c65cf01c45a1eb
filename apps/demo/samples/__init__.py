"""Small references in the real formats, made from a description.

Files have a few kilobytes and pass the client's certification. The same libraries make the same bytes at any
time and on any machine: files hold no creation time and no random numbers, and their pixels use no arithmetic
that differs by processor.
"""

from apps.demo.samples.make import make_reference
from apps.demo.samples.sample import Sample, SampleError

__all__ = ["Sample", "SampleError", "make_reference"]
