"""Every benchmark, or those named: ``python -m tests.bench [engine rpc ...]``."""

import importlib
import sys

BENCHMARKS = (
    "engine",
    "import_cache",
    "datasets",
    "archive",
    "client_commands",
    "cold",
    "rpc",
    "crowds",
    "downloads",
    "uploads",
    "certify",
    "submissions",
    "deliveries",
    "pages",
    "catalogue",
    "vo",
)


def main(names: list[str]) -> None:
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        raise SystemExit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in names or BENCHMARKS:
        sys.stdout.write(f"\n## {name}\n\n")
        importlib.import_module(f"tests.bench.{name}").run(sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
