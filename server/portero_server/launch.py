"""The entry point of the `portero-server` script, also where only the clients are installed."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command; without the server's libraries it says in one line what to install."""
    try:
        from portero_server.__main__ import main as run
    except ModuleNotFoundError as missing:
        sys.stderr.write(
            f"portero-server: the library {missing.name} is missing; install the server with: "
            "pip install 'portero[server,local]'\n"
        )
        return 1
    return run()
