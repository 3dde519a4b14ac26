"""The benchmark suite, one module after the other, each in a process of its own; then the report.

    python -m tests.benchmarks [--full] [--peers] [--only transport --only search]

Without arguments it is quick and needs nothing but this repository and MariaDB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tests.benchmarks.contenders import ROOT

_WITH_PEERS = ("transport", "whole_job", "search")
_ALL = (*_WITH_PEERS, "latency", "database_rows", "old_loop", "scale_streams", "scale_store", "profiles")


def main() -> int:
    """Runs the chosen benchmarks; the exit code says whether all of them could be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, more repetitions, larger tables")
    parser.add_argument("--peers", action="store_true", help="against what a user would pick instead, installed first")
    parser.add_argument("--only", action="append", choices=_ALL, help="may be given again")
    arguments = parser.parse_args()
    failed = []
    for name in arguments.only or _ALL:
        command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
        command += ["--full"] if arguments.full else []
        command += ["--peers"] if arguments.peers and name in _WITH_PEERS else []
        began = time.monotonic()
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    subprocess.run([sys.executable, "-m", "tests.benchmarks.report"], cwd=ROOT, check=False)
    if failed:
        print(f"could not be measured: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    raise SystemExit(main())
