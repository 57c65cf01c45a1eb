"""The console for people who try JSON-RPC in a browser: every method, and one call with its answer."""

import inspect
import json
from dataclasses import dataclass
from typing import Any

from apps.rpc import dispatcher
from apps.rpc.registry import Method, all_methods

# These methods change something. They are listed, but no form calls them.
WRITING = frozenset({"jpoll_abort", "jpoll_pull_messages", "push_remote_context"})
LONGEST_PARAMS = 20_000  # characters


@dataclass(frozen=True)
class Entry:
    """A method in the list of the console.

    Attributes
    ----------
    usage
        Name and parameters in order; parameters in brackets may be left out.
    text
        The first line of its documentation.
    is_callable
        Whether the console calls it.
    cost
        The units that a call counts in a batch.
    """

    name: str
    usage: str
    text: str
    is_callable: bool
    cost: str


def entries() -> list[Entry]:
    """Return every method, sorted by name."""
    return [_entry(method) for method in all_methods()]


def _entry(method: Method) -> Entry:
    words = (one.name if one.is_required else f"[{one.name}]" for one in method.parameters)
    text = (inspect.getdoc(method.function) or "").partition("\n")[0]
    usage = f"{method.name}({', '.join(words)})"
    return Entry(method.name, usage, text, method.name not in WRITING, str(method.cost))


def call(name: str, params: str) -> tuple[str, str]:
    """Call a method, and return the request and the answer as indented JSON.

    Parameters
    ----------
    name
        Name of a method that the console may call.
    params
        A list or an object, as JSON text.

    Raises
    ------
    ValueError
        Raised if `params` is not JSON, or too long.
    """
    if len(params) > LONGEST_PARAMS:
        raise ValueError(f"The parameters have {len(params)} characters; the limit is {LONGEST_PARAMS}.")
    request = {"jsonrpc": "1.0", "method": name, "params": json.loads(params or "[]"), "id": 1}
    answer = json.loads(dispatcher.answer(json.dumps(request).encode()))
    return _indented(request), _indented(answer)


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
