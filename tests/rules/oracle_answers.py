"""Ask the public client about headers, and about rules that lie in no cache. Run by the client's Python.

Standard input is a JSON list of jobs: ``{"name": ..., "text": rmap text or null, "headers": [...], "include":
...}``. Without text the mapping is read from the cache at CRDS_PATH. Standard output is a list with, for each
job, either ``{"refused": [class, text]}`` or ``{"answers": [...]}`` as in the benchmarks' dump.
"""

import json
import logging
import sys


def answer(rmap, mapping, header, include):
    try:
        return {"bestrefs": rmap.get_best_references(mapping, header, include=include)}
    except Exception as exc:
        return {"error": [type(exc).__name__, str(exc)]}


def work(rmap, job):
    try:
        if job.get("text") is None:
            mapping = rmap.get_cached_mapping(job["name"])
        else:
            mapping = rmap.ReferenceMapping.from_string(job["text"], job["name"], ignore_checksum=True)
    except BaseException as exc:
        return {"refused": [type(exc).__name__, str(exc)]}
    answers = [answer(rmap, mapping, header, job.get("include")) for header in job["headers"]]
    parkeys = mapping.get_required_parkeys()
    return {"answers": answers, "parkeys": parkeys}


def main():
    from crds.core import log, rmap

    log.THE_LOGGER.logger.handlers[:] = [logging.NullHandler()]
    log.THE_LOGGER.logger.propagate = False
    outcomes = [work(rmap, job) for job in json.load(sys.stdin)]
    json.dump(outcomes, sys.stdout, default=repr)


if __name__ == "__main__":
    main()
