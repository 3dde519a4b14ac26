"""What a benchmark ran on: processors, memory, load, versions."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("grpcio", "protobuf", "uvloop", "numpy", "opencv-python-headless", "aiomysql", "SQLAlchemy")
# Beside the PATH, where Debian has it.
_DATABASE = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))


def machine() -> dict[str, Any]:
    """Describes this machine and what runs on it now; holds no name of it or of anybody."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "load": [round(each, 2) for each in os.getloadavg()],
        "commit": _commit(),
        "python": platform.python_version(),
        "mariadb": _database(),
        **{name: _version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _database() -> str:
    program = shutil.which("mariadbd", path=_DATABASE)
    if program is None:
        return "not installed"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.partition("Ver ")[2].split(" ")[0] or "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
