"""The entry point of the `portero-simulator` script, also where only the clients are installed."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the simulator; without its libraries it says in one line what to install."""
    try:
        from portero_simulator.__main__ import main as run
    except ModuleNotFoundError as missing:
        sys.exit(
            f"portero-simulator: the library {missing.name} is missing; install the simulator with: "
            "pip install 'portero[server,local,simulator]'"
        )
    run()
