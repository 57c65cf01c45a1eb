"""A CRDS cache of rules and files that the repository makes itself; see `made_rules` and `made_files`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from pprint import pformat

from tests.factories.catalog import make_config
from tests.factories.made_rules import CONTEXTS, make_contexts

# When contexts came into use, where tests ask for the context of a day.
STARTED = {"hst_0297.pmap": date(2014, 11, 1), "hst_0300.pmap": date(2014, 12, 1)}
BAD = {"jwst": ("jwst_miri_dark_0008.rmap", "jwst_miri_dark_0025.fits"), "hst": ("n3o1059aj_bia.fits",)}


def make_cache_of_all(root: Path, held: Mapping[str, Mapping[str, bytes]]) -> Path:
    """Write mappings, references and configuration of every observatory below `root`.

    Parameters
    ----------
    root
        An empty folder.
    held
        Observatory to the references that the cache holds, by name; the others are only catalogued.
    """
    for observatory in CONTEXTS:
        _write(root, observatory, held.get(observatory, {}))
    return root


def _write(root: Path, observatory: str, held: Mapping[str, bytes]) -> None:
    contexts, texts = make_contexts(observatory)
    mappings = {name: text.encode() for name, text in texts.items()}
    # Those that are not held are catalogued with some size and sha1sum.
    catalogued = {name: name.encode() for text in texts.values() for name in _references(text)}
    config = make_config(
        mappings | catalogued | dict(held),
        observatory=observatory,
        context_history=_history(contexts),
        edit_context=contexts[-1],
        operational_context=contexts[-1],
        versions_context=contexts[-1],
        bad_files_list=sorted(BAD.get(observatory, ())),
    )
    for folder, files in ((f"mappings/{observatory}", mappings), (f"references/{observatory}", held)):
        (root / folder).mkdir(parents=True)
        for name, content in files.items():
            (root / folder / name).write_bytes(content)
    (root / "config" / observatory).mkdir(parents=True)
    (root / "config" / observatory / "server_config").write_text(pformat(config))
    (root / "config" / observatory / "bad_files.txt").write_text("\n".join(config["bad_files_list"]))


def _references(text: str) -> set[str]:
    """Return the names of references in a mapping that this suite wrote."""
    words = text.replace("'", " ").split()
    return {word for word in words if word.endswith((".fits", ".asdf"))}


def _history(contexts: list[str]) -> list[list[str]]:
    """Return when each context came into use: in the first months of 2014, or from 2015 on."""
    rows = []
    for number, name in enumerate(contexts):
        year, month = divmod(12 * 2014 + number + 9 * (number > 2), 12)
        started = STARTED.get(name, date(year, month + 1, 1))
        rows.append([f"{started} 00:00:00", name, f"Delivery {number + 1}"])
    return sorted(rows)
