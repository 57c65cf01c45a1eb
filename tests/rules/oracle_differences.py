"""Ask the public client what differs between mappings. Run by the client's Python.

Standard input is a JSON list of jobs: ``{"old": name, "new": name}``, with ``"texts": [old, new]`` where the
mappings lie in no cache. Standard output is a list with, for each job, ``{"rows": [[steps, text], ...],
"warnings": [...]}`` of the mappings themselves without those below, or ``{"refused": class}``. A job may
also be ``{"ages": [[name, name], ...]}``, answered by a list of whether the first is newer, null if the
client fails.
"""

import json
import logging
import sys

from crds import diff
from crds.core import log, naming, rmap
from crds.core.log import format as joined


def load(job, which):
    name = job[("old", "new")[which]]
    if "texts" not in job:
        return rmap.get_cached_mapping(name)
    classes = {"rmap": rmap.ReferenceMapping, "imap": rmap.InstrumentContext, "pmap": rmap.PipelineContext}
    return classes[name[-4:]].from_string(job["texts"][which], name, ignore_checksum=True)


def steps_of(found):
    """Return the path below the names of the mappings; None if it leads through mappings below."""
    pairs = [part for part in found[:-1] if len(part) == 2 and part[0].endswith("map")]
    return [list(part) for part in found[1:-1]] if len(pairs) == 1 else None


def is_newer(name, than):
    try:
        return naming.newer(name, than)
    except UnboundLocalError:
        return None


def work(job):
    if "ages" in job:
        return [is_newer(*pair) for pair in job["ages"]]
    try:
        old, new = load(job, 0), load(job, 1)
        found = old.difference(new, include_header_diffs=True)
    except Exception as exc:
        return {"refused": type(exc).__name__}
    found = [each for each in sorted(found) if steps_of(each) is not None]
    headers = set(old.difference_header(new))
    warnings = []
    log.warning = lambda *words, **_options: warnings.append(joined(*words).strip("\n"))
    try:
        diff.mapping_check_diffs_core([each for each in found if each not in headers])
    except UnboundLocalError:
        # What the client does where two names have no order.
        warnings.append("FAILED")
    return {"rows": [[steps_of(each), each[-1]] for each in found], "warnings": warnings}


def main():
    log.THE_LOGGER.logger.handlers[:] = [logging.NullHandler()]
    log.THE_LOGGER.logger.propagate = False
    json.dump([work(job) for job in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
