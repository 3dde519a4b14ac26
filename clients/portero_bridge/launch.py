"""The entry point of the `portero-bridge` script, also where the bridge's libraries are not installed."""

import sys


def main() -> None:
    """Runs the bridge; without its libraries it says in one line what to install."""
    try:
        from portero_bridge.__main__ import main as run
    except ModuleNotFoundError as missing:
        sys.exit(
            f"portero-bridge: the library {missing.name} is missing; install the bridge with: "
            "pip install 'portero[bridge]'"
        )
    run()
