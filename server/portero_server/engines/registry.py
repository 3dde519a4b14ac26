"""The registry of engines. A new engine is a file or package here, one line below, and the engine contract test."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from portero_server.engines.base import CallGate, Engine
from portero_server.errors import StartupProblem

# The factory, imported only when chosen, so that a server installs no more than the engine it runs; and the
# extra that installs it. A factory takes options of its own kind, and the gate for paid calls.
FACTORIES: Mapping[str, tuple[str, str]] = {
    "local": ("portero_server.engines.local.engine:create", "local"),
    "rekognition": ("portero_server.engines.rekognition.engine:create", "server"),
    "scripted": ("portero_server.engines.scripted:create", "server"),
}


def create_engine(name: str, options: Mapping[str, object], gate: CallGate) -> Engine:
    """Creates an engine; it starts nothing before its first call.

    Args:
        name: As in the setting PORTERO_ENGINE.
        options: What each engine's factory takes, by the engine's name.
        gate: What stands between the engine and paid calls.

    Raises:
        StartupProblem: There is no such engine, or a library or model it needs is missing; says what to install.
    """
    try:
        factory, extra = FACTORIES[name]
    except KeyError:
        raise StartupProblem(f"there is no engine {name!r}; there are {', '.join(sorted(FACTORIES))}") from None
    module_name, function_name = factory.split(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("portero_server"):
            raise
        raise StartupProblem(
            f"the engine {name} needs {missing.name}, which is missing; install it with: pip install 'portero[{extra}]'"
        ) from None
    engine: Engine = getattr(module, function_name)(options[name], gate)
    return engine
