"""Fuzzing of the parsers of `tests.fuzz` that is guided by the code it reaches, by atheris.

The suite does not need atheris. Install it into an environment that has the requirements, then run
``python -m tests.guided_fuzz FOLDER SECONDS``. Inputs that fail are kept in the folder.
"""

import importlib
import sys
from pathlib import Path

OURS = (
    "apps.bestrefs.pasted_header",
    "apps.certify.fits_structure",
    "apps.certify.quick_looks",
    "apps.certify.table_reading",
    "apps.certify.trees",
    "apps.core.json_shape",
    "apps.datasets.import_rows",
    "apps.datasets.readers",
    "apps.observatories.forms",
    "apps.rpc.parsing",
    "apps.rules.naming",
    "apps.rules.observatories",
    "apps.rules.text",
    "apps.submissions.uploads.multipart",
    "apps.subscriptions.receivers",
    "apps.web.file_pages.table_views",
    "crds_server.env",
)
SLOW = 5  # seconds


def main(folder: Path, seconds: int) -> None:
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(OURS)):
        from tests.fuzz import REFUSALS, TARGETS
    names = list(TARGETS)

    def parse(data: bytes) -> None:
        if not data:
            return
        function, _ = TARGETS[names[data[0] % len(names)]]
        try:
            function(data[1:])
        except REFUSALS:
            return

    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        for place, good in enumerate(TARGETS[name][1]):
            (corpus / f"{name}-{place}").write_bytes(bytes([number]) + good)
    limits = [f"-timeout={SLOW}", f"-max_total_time={seconds}", f"-artifact_prefix={folder}/failed-"]
    atheris.Setup([sys.argv[0], str(corpus), *limits], parse)
    atheris.Fuzz()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
