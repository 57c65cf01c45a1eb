"""All methods with the types of their parameters, which are read once at registration."""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from apps.rpc.errors import InvalidParamsError, MaintenanceError, MethodNotFoundError
from apps.rpc.parameter_checks import Check, check_for, word_for

# Parameter names that mean the same in every method (wire protocol, section 2.1).
SYNONYMS = (
    frozenset({"context", "pipeline_context", "date"}),
    frozenset({"ids", "dataset_ids"}),
    frozenset({"calver", "cal_ver"}),
)


@dataclass(frozen=True)
class Prepared:
    """A result that is already JSON, so that a cached result is not written again for each call."""

    json: bytes


@dataclass(frozen=True)
class InParts:
    """A result that is JSON in parts, made while it is written, for results of many megabytes."""

    parts: Iterator[bytes]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a method."""

    name: str
    check: Check
    is_required: bool


@dataclass(frozen=True)
class Cost:
    """The cost of a call in a batch. One unit is about the work for the references of one dataset.

    Attributes
    ----------
    base
        Units of a call, whatever its parameters are.
    counted
        Name of the parameter whose items cost something; empty if there is none.
    items
        The number of items that cost one unit.
    absent
        Units of a call without that parameter, which then stands for everything there is.
    """

    base: int = 1
    counted: str = ""
    items: int = 1
    absent: int = 0

    def units(self, argument: Any) -> int:
        """Return the units of a call, given the value of the counted parameter."""
        if not self.counted:
            return self.base
        if argument is None:
            return self.base + self.absent
        return self.base + (len(argument) // self.items if isinstance(argument, (list, dict)) else 0)

    def __str__(self) -> str:
        if not self.counted:
            return str(self.base)
        per = f"1 for each {self.items:,}" if self.items > 1 else "1 for each one"
        absent = f", {self.absent} if it is null" if self.absent else ""
        return f"{self.base}, and {per} of {self.counted}{absent}"


@dataclass(frozen=True)
class Method:
    """A function that clients may call."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    aliases: Mapping[str, str]
    changes_something: bool
    cost: Cost
    required: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "required", sum(parameter.is_required for parameter in self.parameters))

    def call(self, params: Any) -> Any:
        """Check the parameters, a list or an object, and run the function.

        Raises
        ------
        MaintenanceError
            Raised if the method would change something during maintenance.
        InvalidParamsError
            Raised if parameters are too many, too few, unknown or of a wrong type.
        """
        if self.changes_something and settings.MAINTENANCE:
            raise MaintenanceError(f"Nothing can be changed during maintenance: {settings.MAINTENANCE}")
        if type(params) is list:
            self._require_fit(params)
            return self.function(*params)
        if type(params) is dict:
            named = self._named(params)
            return self.function(**named)
        raise InvalidParamsError(
            f"The parameters of {self.name} must be a list or an object; {word_for(params)} was found."
        )

    def argument(self, name: str, params: Any) -> Any:
        """Return the value of one parameter in params that were not checked; None if it is not there."""
        if type(params) is dict:
            found = (value for key, value in params.items() if self.aliases.get(key, key) == name)
            return next(found, None)
        names = [parameter.name for parameter in self.parameters]
        at = names.index(name) if name in names else len(names)
        return params[at] if type(params) is list and at < len(params) else None

    def _require_fit(self, values: list[Any]) -> None:
        if not self.required <= len(values) <= len(self.parameters):
            raise InvalidParamsError(f"{self.name} takes {self._usage()}; {len(values)} were given.")
        for parameter, value in zip(self.parameters, values, strict=False):
            self._require_type(parameter, value)

    def _named(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the values by the function's own parameter names."""
        known = {parameter.name: parameter for parameter in self.parameters}
        named: dict[str, Any] = {}
        for key, value in given.items():
            name = self.aliases.get(key, key)
            if name not in known:
                raise InvalidParamsError(
                    f"{self.name} has no parameter {key[:100]!r}; it takes {self._usage()}."
                )
            if name in named:
                raise InvalidParamsError(f"{self.name} was given {name!r} under two names.")
            self._require_type(known[name], value)
            named[name] = value
        if missing := [p.name for p in self.parameters if p.is_required and p.name not in named]:
            raise InvalidParamsError(f"{self.name} misses {', '.join(missing)}; it takes {self._usage()}.")
        return named

    def _require_type(self, parameter: Parameter, value: Any) -> None:
        if wrong := parameter.check(value):
            separator = "" if wrong.startswith("[") else " "
            raise InvalidParamsError(f"{self.name}: {parameter.name}{separator}{wrong}.")

    def _usage(self) -> str:
        """Return the number of parameters and their names."""
        most, least = len(self.parameters), self.required
        count = str(most) if most == least else f"{least} to {most}"
        names = ", ".join(parameter.name for parameter in self.parameters)
        return f"{count} parameters ({names})" if names else "no parameters"


_methods: dict[str, Method] = {}
ONE = Cost()


Function = typing.TypeVar("Function", bound=Callable[..., Any])


@typing.overload
def read_method(function: Function, /) -> Function: ...
@typing.overload
def read_method(
    *, name: str = "", aliases: Mapping[str, str] | None = None, cost: Cost = ONE
) -> Callable[[Function], Function]: ...


def read_method(
    function: Function | None = None,
    /,
    *,
    name: str = "",
    aliases: Mapping[str, str] | None = None,
    cost: Cost = ONE,
) -> Function | Callable[[Function], Function]:
    """Register a function that changes nothing; clients call it by its own name, or by `name`.

    Its annotations give the types of its parameters; parameters without a default are required. The function
    gets only values of these types, and returns JSON values or `Prepared`.

    Parameters
    ----------
    aliases
        Another name of a parameter to the function's own name. `SYNONYMS` apply without being listed.
    cost
        What a call counts in a batch.
    """

    def decorate(function: Function) -> Function:
        return _register(function, name, aliases or {}, cost, changes_something=False)

    return decorate if function is None else decorate(function)


def write_method(function: Function) -> Function:
    """Register a function that changes something; calls to it are refused during maintenance."""
    return _register(function, "", {}, ONE, changes_something=True)


def _register(
    function: Function, name: str, aliases: Mapping[str, str], cost: Cost, *, changes_something: bool
) -> Function:
    chosen = name or function.__name__
    if chosen in _methods:
        raise ValueError(f"two methods are called {chosen}")
    parameters = _parameters(function)
    known = _aliases(parameters) | dict(aliases)
    if cost.counted and cost.counted not in {parameter.name for parameter in parameters}:
        raise ValueError(f"{chosen} has no parameter {cost.counted} whose items could be counted")
    _methods[chosen] = Method(chosen, function, parameters, known, changes_something, cost)
    return function


def get_method(name: str) -> Method:
    """Return a method.

    Raises
    ------
    MethodNotFoundError
        Raised if no method has this name.
    """
    found = _methods.get(name)
    if found is None:
        raise MethodNotFoundError(f"This server has no method {name[:100]!r}.")
    return found


def all_methods() -> list[Method]:
    """Return every method, sorted by name."""
    return [_methods[name] for name in sorted(_methods)]


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(function)
    return tuple(
        Parameter(name, check_for(hints[name]), parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(function).parameters.items()
    )


def _aliases(parameters: tuple[Parameter, ...]) -> dict[str, str]:
    """Return the synonyms of each parameter, except names that the method uses for another parameter."""
    own = {parameter.name for parameter in parameters}
    return {synonym: name for name in own for group in SYNONYMS if name in group for synonym in group - own}
