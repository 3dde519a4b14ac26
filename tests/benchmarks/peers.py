"""What a user would pick instead: installs each peer into an environment of its own and serves the same job with it.

python -m tests.benchmarks.peers      installs all of them and says which could not be
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tests.benchmarks.contenders import ROOT, running
from tests.benchmarks.load import Plan
from tests.benchmarks.results import Results

# numpy 1 of PyTriton goes with OpenCV up to 4.11.
_JOB = ("opencv-python-headless<5", "pymysql>=1.1")
PEERS = {
    "mlserver": ("mlserver==1.7.1", *_JOB),
    "pytriton": ("nvidia-pytriton==0.7.0", *_JOB),
    "ray": ("ray[serve,grpc]>=2.54", "googleapis-common-protos", "protobuf>=6.33.6", *_JOB),
    "faiss": ("faiss-cpu", "numpy"),
    "usearch": ("usearch", "numpy"),
}
"""Requirements of each peer."""
_VARIANTS = {
    "MLServer, stream": ("mlserver", "stream"),
    "MLServer, unary batched": ("mlserver", "unary"),
    "PyTriton, stream": ("pytriton", "stream"),
    "PyTriton, unary batched": ("pytriton", "unary"),
    "Ray Serve, stream batched": ("ray", "stream"),
}


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


async def started_peers(
    folder: Path,
    job: str,
    pictures: Sequence[str],
    results: Results,
    *,
    seconds: float,
    window: int,
    streams: bool = True,
) -> AsyncIterator[tuple[str, Plan]]:
    """Starts one peer after the other and gives its name and the load for it; what does not start becomes a note.

    Args:
        folder: For messages and logs.
        job: See `job.job_of`.
        pictures: JPEG files.
        results: Gets the notes.
        seconds: Of the load.
        window: Of the load.
        streams: Whether streams that cannot batch take part, too: a commit a frame is no contest.
    """
    for label, (peer, kind) in _VARIANTS.items():
        if not streams and kind == "stream" and "batched" not in label:
            continue
        log = folder / f"{peer}-{kind}.log"
        try:
            python = installed(peer)
            arguments = (kind, job, ",".join(pictures), str(folder))
            async with running(f"tests.benchmarks.peer_{peer}", *arguments, python=python, log=log) as contender:
                yield (
                    label,
                    Plan(
                        (contender.address,),
                        tuple(contender.said["messages"]),
                        method=str(contender.said["method"]),
                        kind="unary" if kind == "unary" else "counted",
                        servers=(contender.pid,),
                        window=window,
                        seconds=seconds,
                    ),
                )
        except (NotInstallable, RuntimeError) as reason:
            results.note(f"{label} is left out: {reason}")


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
