"""What a user would pick instead: installs each peer into an environment of its own and serves the same job with it.

python -m tests.benchmarks.peers      installs all of them and says which could not be
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.contenders import BrokenOff, Contender, running
from tests.benchmarks.leftover_processes import removed_shared_memory
from tests.benchmarks.load import Plan
from tests.benchmarks.results import Results
from tests.support.repository import ROOT

# numpy 1 of PyTriton goes with OpenCV up to 4.11.
_JOB = ("opencv-python-headless<5", "pymysql>=1.1")
PEERS = {
    "mlserver": ("mlserver==1.7.1", *_JOB),
    "pytriton": ("nvidia-pytriton==0.7.0", *_JOB),
    "ray": ("ray[serve,grpc]>=2.54", "googleapis-common-protos", "protobuf>=6.33.6", *_JOB),
    "faiss": ("faiss-cpu", "numpy"),
    "usearch": ("usearch", "numpy"),
}
"""Requirements of each peer; the first is the peer itself."""
_VARIANTS = {
    "MLServer, stream": ("mlserver", "stream"),
    "MLServer, unary batched": ("mlserver", "unary"),
    "PyTriton, stream batched": ("pytriton", "stream"),
    "PyTriton, unary batched": ("pytriton", "unary"),
    "Ray Serve, stream batched": ("ray", "stream"),
}


# tritonserver crashes now and then under streams, about once in eight loads of a second.
_ATTEMPTS = 4


class NotInstallable(Exception):
    """A peer cannot be installed here; the message says why."""


def installed(peer: str) -> str:
    """Installs a peer under build/peers unless it is there, and gives its interpreter.

    Raises:
        NotInstallable: The registry or the machine refuses.
    """
    folder = ROOT / "build" / "peers" / peer
    python, ready = folder / "bin" / "python", folder / ".portero-ready"
    if ready.exists() and ready.read_text() == " ".join(PEERS[peer]):
        return str(python)
    shutil.rmtree(folder, ignore_errors=True)
    uv = str(Path(sys.executable).with_name("uv"))
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], peer)
    _run([uv, "pip", "install", "--quiet", "--python", str(python), *PEERS[peer]], peer)
    ready.write_text(" ".join(PEERS[peer]))
    return str(python)


def _run(command: Sequence[str], peer: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstallable(f"{peer} could not be installed: {error}") from None
    if done.returncode:
        reason = " ".join(done.stderr.split())[:300]
        raise NotInstallable(f"{peer} could not be installed: {reason}")


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that serves a job.

    Attributes:
        label: Its name in the report.
    """

    label: str
    contender: Contender
    kind: str
    _messages: Mapping[str, str]

    def plan(self, pictures: Sequence[str], *, seconds: float, window: int) -> Plan:
        """Returns the load of some of the pictures it was started for."""
        return Plan(
            (self.contender.address,),
            tuple(self._messages[each] for each in pictures),
            method=str(self.contender.said["method"]),
            kind="unary" if self.kind == "unary" else "counted",
            servers=(self.contender.pid,),
            window=window,
            seconds=seconds,
        )


async def measured_peers(
    folder: Path,
    job: str,
    pictures: Sequence[str],
    results: Results,
    measure: Callable[[Peer], Awaitable[None]],
    limit: float,
) -> None:
    """Starts one peer after the other, since some keep a processor busy while idle, and has each measured.

    One that cannot be installed, does not start, breaks off or takes too long is told to `results`; the others go on.

    Args:
        folder: For messages and logs.
        job: See `job.job_of`.
        pictures: JPEG files that any load will push.
        results: Is told of versions and of who broke off.
        measure: Pushes the loads; is called again, to push those that are missing, when the peer broke off.
        limit: Seconds it may take for one peer.
    """
    for label, (peer, kind) in _VARIANTS.items():
        try:
            python = installed(peer)
            results.versions.setdefault(*version_of(peer, python))
            arguments = (kind, job, ",".join(pictures), str(folder))
            async with asyncio.timeout(limit):
                for attempt in range(1, _ATTEMPTS + 1):
                    log = folder / f"{peer}-{kind}-{attempt}.log"
                    try:
                        async with _served(peer, arguments, python, log) as contender:
                            messages = dict(zip(pictures, contender.said["messages"], strict=True))
                            await measure(Peer(label, contender, kind, messages))
                        break
                    except BrokenOff as reason:
                        if attempt == _ATTEMPTS:
                            raise
                        results.note(f"{label} broke off ({reason}) and was started again")
        except TimeoutError:
            results.broke_off(label, f"it was not measured within {limit:.0f} s")
        except (NotInstallable, BrokenOff) as reason:
            results.broke_off(label, reason)


@asynccontextmanager
async def _served(peer: str, arguments: Sequence[str], python: str, log: Path) -> AsyncIterator[Contender]:
    pid = 0
    try:
        async with running(f"tests.benchmarks.peer_{peer}", *arguments, python=python, log=log) as contender:
            pid = contender.pid
            yield contender
    finally:
        # What a crashed tritonserver does not remove.
        removed_shared_memory(pid)


def version_of(peer: str, python: str) -> tuple[str, str]:
    """Returns the name and the version of an installed peer."""
    package = PEERS[peer][0].partition("[")[0].partition("=")[0].partition(">")[0]
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, timeout=60, check=False)
    return package, done.stdout.strip() or "unknown"


def main() -> int:
    """Installs all peers; the exit code says whether all could be."""
    failed = 0
    for peer in PEERS:
        try:
            print(peer, installed(peer))
        except NotInstallable as reason:
            print(reason)
            failed = 1
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
