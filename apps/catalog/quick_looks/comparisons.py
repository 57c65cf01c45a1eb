"""Comparisons of the images of two references, kept beside the looks, since they are derived data, too.

A comparison is made while somebody waits for the page, which takes a second or two. Its folder is named by a
sum over both sha1sums, the part and the version, so a change of any of them is another comparison.
"""

import hashlib
import json

from django.conf import settings

from apps.catalog.models import File
from apps.catalog.quick_looks import stored
from apps.catalog.reading import checked_path
from apps.certify.picture_comparison.runner import compare_pictures
from apps.certify.picture_comparison.values import VERSION, PictureComparison, from_json


def key_of(old: File, new: File, part: str) -> str:
    """Return the name of the folder of a comparison, 40 lower-case hex digits."""
    text = f"{VERSION} {old.sha1sum} {new.sha1sum} {part}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def comparison_of(old: File, new: File, part: str = "") -> PictureComparison:
    """Return the comparison of one image of two references, from the cache or made now.

    Parameters
    ----------
    part
        Name of the HDU or array; the first that both files have if it is empty or unknown.

    Raises
    ------
    NotHeldError, DamagedFileError
        Raised if the store does not have the bytes that the catalogue describes.
    CertifyError
        Raised if the files cannot be compared.
    """
    key = key_of(old, new, part)
    if (found := _find(key)) is not None:
        return found
    with stored.workshop() as folder:
        made = compare_pictures(
            checked_path(old),
            checked_path(new),
            folder,
            name=new.name,
            part=part,
            observatory=settings.OBSERVATORY,
        )
        (folder / stored.COMPARISON_FILE).write_text(json.dumps(made.as_json()), encoding="utf-8")
        stored.publish(folder, key)
    return made


def _find(key: str) -> PictureComparison | None:
    stored.bring(key, stored.COMPARISON_FILE)
    try:
        text = (stored.folder_of(key) / stored.COMPARISON_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return from_json(json.loads(text))
