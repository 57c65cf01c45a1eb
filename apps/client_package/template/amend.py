"""Changes to modules of the client after they were executed. No file of the client is touched.

Each change adds this observatory where the client lists those it knows. The answers for others stay the same.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from importlib import metadata
from types import ModuleType
from typing import Any

from . import definition, versions
from .names import OBSERVATORY, is_wanted


def amend(module: ModuleType) -> None:
    """Change one module of the client; an untried client stays as it is."""
    if versions.may_amend():
        _AMENDMENTS[module.__name__](module)


def _constants(module: Any) -> None:
    """Add the observatory and its instrument keywords to the lists that all modules share."""
    module.ALL_OBSERVATORIES.append(OBSERVATORY)
    document = definition.packaged().document
    key = document["instrument_key"]
    for keyword in (key, *document["synonyms"].get(key, [])):
        if keyword not in module.INSTRUMENT_KEYWORDS:
            module.INSTRUMENT_KEYWORDS.append(keyword)


def _config(module: Any) -> None:
    if server := definition.packaged().document["server"]:
        module.CRDS_DEFAULT_SERVERS[OBSERVATORY] = server


def _cmdline(module: Any) -> None:
    """Give all commands a switch with the name of the observatory."""
    script = module.Script
    add_standard_args, observatory = script.add_standard_args, script.observatory

    def with_switch(self: Any) -> None:
        add_standard_args(self)
        title = definition.packaged().document["title"].replace("%", "%%")
        text = f"Force observatory to {title} for determining header conventions."
        self.add_argument(f"--{OBSERVATORY}", action="store_true", help=text)

    def switched(self: Any) -> str:
        if getattr(self.args, OBSERVATORY, False):
            os.environ["CRDS_OBSERVATORY"] = OBSERVATORY
            return str(self.set_server(OBSERVATORY))
        return str(observatory.__get__(self, type(self)))

    script.add_standard_args = with_switch
    script.observatory = property(switched, doc=observatory.__doc__)


def _heavy_client(module: Any) -> None:
    """Take the observatory of the environment where the client takes one by itself, and fetch definitions."""
    for name in ("getreferences", "getrecommendations"):
        setattr(module, name, _with_observatory_of_environment(getattr(module, name)))
    cache_server_info = module.cache_server_info

    def cache_with_definition(info: Any, observatory: str) -> None:
        if observatory == OBSERVATORY:
            definition.fetch(info)
        cache_server_info(info, observatory)

    module.cache_server_info = cache_with_definition


def _with_observatory_of_environment(function: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_wanted() and "observatory" not in signature.bind_partial(*args, **kwargs).arguments:
            kwargs["observatory"] = OBSERVATORY
        return function(*args, **kwargs)

    return wrapper


def _utils(module: Any) -> None:
    """Take an instrument for ours where the client works for us: another package may have the same name."""
    instrument_to_observatory = module.instrument_to_observatory

    def with_ours(instrument: str) -> str:
        if is_wanted() and instrument.lower() in module.get_observatory_package(OBSERVATORY).INSTRUMENTS:
            return OBSERVATORY
        return str(instrument_to_observatory(instrument))

    module.instrument_to_observatory = functools.wraps(instrument_to_observatory)(with_ours)


def _api(module: Any) -> None:
    """Tell the version of the calibration software; the client knows only that of its own observatories."""
    get_cal_version = module.get_cal_version

    def with_ours(observatory: str) -> str:
        return _calibration_version(module) if observatory == OBSERVATORY else get_cal_version(observatory)

    module.get_cal_version = functools.wraps(get_cal_version)(with_ours)


def _calibration_version(module: Any) -> str:
    """Return the version of the calibration software as the client shortens it, or nothing."""
    software = definition.packaged().document["calibration_software"]
    try:
        version = metadata.version(software) if software else ""
    except metadata.PackageNotFoundError:
        version = ""
    if "dev" in version:
        module.log.info("DEV calibration SW identified. Defaulting to Edit Context.")
        return "dev"
    if not version:
        module.log.info("Calibration SW not found, defaulting to latest.")
        return ""
    return str(module.config.simplify_version(version))


def _factory(module: Any) -> None:
    """Tell the observatory of a file by the telescope that it names, or by the environment."""
    get_observatory = module.get_observatory
    telescopes = definition.packaged().document["telescopes"]

    def with_ours(filepath: str, original_name: str | None = None) -> str:
        name = os.path.basename(original_name or filepath)
        is_prefixed = name.startswith(tuple(f"{known}_" for known in module.constants.ALL_OBSERVATORIES))
        try:
            found = str(get_observatory(filepath, original_name))
        except (KeyError, TypeError):  # There is no telescope where the client looks for one.
            if is_wanted():
                return OBSERVATORY
            raise
        if found in telescopes or (is_wanted() and not is_prefixed):
            return OBSERVATORY
        return found

    module.get_observatory = functools.wraps(get_observatory)(with_ours)


def _rc_submit(module: Any) -> None:
    """Make ``Submission`` work for this observatory at the server of the environment."""
    initialize = module.Submission.__init__

    def with_ours(self: Any, observatory: str, string: str, *args: Any, **kwargs: Any) -> None:
        if observatory.lower() != OBSERVATORY:
            initialize(self, observatory, string, *args, **kwargs)
            return
        os.environ.setdefault("CRDS_OBSERVATORY", OBSERVATORY)
        # The client accepts the observatories that it has addresses of; the first one stands in for ours.
        known = next(iter(module.BASE_URLS["ops"]))
        addresses = module.BASE_URLS.setdefault(string.lower(), {})
        before = dict(addresses)
        addresses[known] = addresses[OBSERVATORY] = _server(module)
        try:
            initialize(self, known, string, *args, **kwargs)
        finally:
            addresses.clear()
            addresses.update(before)
        self._observatory = OBSERVATORY

    module.Submission.__init__ = functools.wraps(initialize)(with_ours)


def _server(module: Any) -> str:
    server = module.config.get_server_url(OBSERVATORY)
    if not server:
        raise ValueError(f"Set CRDS_SERVER_URL: the address of the server of {OBSERVATORY} is not known.")
    return f"{server.rstrip('/')}/"


_AMENDMENTS: dict[str, Callable[[Any], None]] = {
    "crds.core.constants": _constants,
    "crds.core.config": _config,
    "crds.core.cmdline": _cmdline,
    "crds.core.heavy_client": _heavy_client,
    "crds.core.utils": _utils,
    "crds.client.api": _api,
    "crds.io.factory": _factory,
    "crds.submit.rc_submit": _rc_submit,
}
