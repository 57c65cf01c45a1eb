"""Versions of the calibration software."""

from typing import Any

from apps.rpc.registry import read_method
from apps.rpc.software_versions import system_versions


@read_method
def get_system_versions(master_version: str, context: str | None = None) -> dict[str, Any]:
    """Return the versions of all steps for a version of the calibration software."""
    return system_versions(master_version, context)
