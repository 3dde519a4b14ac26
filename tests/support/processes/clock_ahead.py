"""An interpreter in which servers read a clock that is ahead, so that a test need not wait for tomorrow."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

_SCRIPT = """#!{python}
import runpy
import sys
from datetime import UTC, datetime, timedelta

from portero_server.clock import SystemClock

SystemClock.now = staticmethod(lambda: datetime.now(UTC) + timedelta(seconds={seconds}))
# Called as `python -m portero_server WORDS`.
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def python_ahead(folder: Path, by: timedelta) -> str:
    """Writes an interpreter for `running_server` whose servers are ahead by some time, and returns its path."""
    path = folder / f"python-ahead-{by.total_seconds():.0f}"
    path.write_text(_SCRIPT.format(python=sys.executable, seconds=by.total_seconds()))
    path.chmod(0o755)
    return str(path)
