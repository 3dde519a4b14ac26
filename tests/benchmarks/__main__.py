"""The benchmark suite, one module after the other, each in a process of its own; then the report.

    python -m tests.benchmarks [--full] [--peers] [--seconds 1] [--only transport --only search]

Without arguments it is quick and needs nothing but this repository and MariaDB. A part that fails or takes longer than
its limit is told in the report with its reason, and the others go on. Nothing it started outlives it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.leftover_processes import ended_strays
from tests.benchmarks.results import FOLDER
from tests.support.repository import ROOT

_WITH_PEERS = ("transport", "whole_job", "search")
_ALL = (
    *_WITH_PEERS,
    "latency",
    "database_rows",
    "old_loop",
    "scale_streams",
    "scale_store",
    "attendance_growth",
    "profiles",
)
_WITHOUT_LOAD = ("search", "old_loop", "scale_store", "attendance_growth")
_MARK = "BENCHMARK_RUN"
_QUICK_LIMIT, _FULL_LIMIT, _PEERS_LIMIT = 240.0, 900.0, 900.0
_ENDING_LIMIT = 45.0


def main() -> int:
    """Runs the chosen benchmarks; the exit code says how many could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, more repetitions, larger tables")
    parser.add_argument("--peers", action="store_true", help="against what a user would pick instead, installed first")
    parser.add_argument("--seconds", type=float, help="of each load, to try a run in little time")
    parser.add_argument("--only", action="append", choices=_ALL, help="may be given again")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    mark = uuid.uuid4().hex
    parts = []
    try:
        for name in arguments.only or _ALL:
            command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
            command += ["--full"] if arguments.full else []
            peers = arguments.peers and name in _WITH_PEERS
            command += ["--peers"] if peers else []
            command += ["--seconds", str(arguments.seconds)] if arguments.seconds and name not in _WITHOUT_LOAD else []
            limit = (_FULL_LIMIT if arguments.full else _QUICK_LIMIT) + (_PEERS_LIMIT if peers else 0.0)
            parts.append(_part(name, command, limit, mark))
    except KeyboardInterrupt:
        print("interrupted: no report was written", flush=True)
        return 130
    finally:
        for stray in ended_strays(_MARK, mark):
            print(f"ended a process that was left: {stray}")
    _save(parts)
    report = subprocess.run([sys.executable, "-m", "tests.benchmarks.report"], cwd=ROOT, check=False)
    failed = [part["name"] for part in parts if part["failed"]]
    if failed:
        print(f"could not be measured: {', '.join(failed)}")
    return len(failed) or report.returncode


def _part(name: str, command: Sequence[str], limit: float, mark: str) -> dict[str, Any]:
    """Runs one part; its figures of an earlier run are removed first, so that they are not taken for this one's."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").unlink(missing_ok=True)
    log = FOLDER / f"{name}.log"
    began = time.monotonic()
    with log.open("wb") as errors:
        reason = _reason(command, limit, {**os.environ, _MARK: mark}, errors)
    lines = log.read_text(errors="replace").strip().splitlines()
    if reason == "failed":
        print(*lines[-20:], sep="\n")
        reason = _said(lines)
    seconds = time.monotonic() - began
    print(f"{name}: {seconds:.0f} s{f', FAILED: {reason}' if reason else ''}", flush=True)
    told = " ".join(["python", *command[1:]])
    return {"name": name, "command": told, "seconds": round(seconds), "failed": reason}


def _said(lines: Sequence[str]) -> str:
    """Returns the last line of a log; with where it was raised, when that is no more than the name of an exception."""
    last = next((line.strip() for line in reversed(lines) if line.strip(" |+-")), "it ended without a word")
    places = [line.strip() for line in lines if line.strip().startswith("File ") and "tests/benchmarks" in line]
    return f"{last} at {places[-1].rpartition('/')[2]}" if last.isalpha() and places else last


def _reason(command: Sequence[str], limit: float, environment: Mapping[str, str], errors: Any) -> str:
    """Runs a command to its end or its limit; says why it failed, or nothing."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=errors)
    try:
        return "failed" if process.wait(limit) else ""
    except subprocess.TimeoutExpired:
        return f"it was not done within {limit:.0f} s"
    finally:
        if process.poll() is None:
            # As Ctrl-C does, so that it ends what it started; which a terminal has told it already.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_ENDING_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _save(parts: Sequence[Mapping[str, Any]]) -> None:
    """Keeps how long each part took and which failed, beside the parts of earlier runs."""
    path = FOLDER / "run.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known.update({part["name"]: part for part in parts})
    path.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
