"""The list of methods."""

import inspect
from typing import Any

from apps.rpc.registry import Cost, all_methods, read_method


@read_method(name="system.describe", cost=Cost(10))
def describe() -> list[dict[str, Any]]:
    """List all methods with their parameters and purpose."""
    return [
        {
            "name": found.name,
            "params": [parameter.name for parameter in found.parameters],
            "summary": (inspect.getdoc(found.function) or "").partition("\n")[0],
        }
        for found in all_methods()
    ]
