"""What a benchmark ran on; no figure means anything without it."""

from __future__ import annotations

import os
import platform


def machine() -> dict[str, object]:
    """Describes the machine and how busy it is, ready for JSON."""
    return {
        "processors": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }
