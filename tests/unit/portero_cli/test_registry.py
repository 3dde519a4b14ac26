from __future__ import annotations

import subprocess
import sys

from portero_cli.registry import COMMANDS

_LOADED = """
import sys
import portero_cli.__main__
print(*sorted(name for name in ("cv2", "httpx2", "numpy", "yaml", "skimage", "portero_server") if name in sys.modules))
"""


def test_each_command_has_a_file_of_its_own() -> None:
    """The registry names modules of the commands package, each once."""
    names = [getattr(module, "__name__", "") for module in COMMANDS]
    assert all(name.startswith("portero_cli.commands.") for name in names)
    assert len(set(names)) == len(names)


def test_the_command_line_needs_only_what_a_client_installs() -> None:
    """No command loads an extra's package before it is run, so that the base install has all of help."""
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
