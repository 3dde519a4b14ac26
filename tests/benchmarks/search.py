"""Exact search for 128 numbers among 1,000 to 1,000,000 people, one face and a batch of 32 at a time.

    python -m tests.benchmarks.search [--full] [--peers]

Ours is the local engine's gallery as it is called for a crop: five candidates, each person once. The old way is
face_recognition.face_distance: one numpy norm over all faces, then the smallest. faiss and usearch do their exact
search in environments of their own; all use every processor as they like.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sysconfig
from functools import partial
from typing import Any

import numpy as np

from portero_server.engines.base import GalleryFace
from portero_server.engines.local.gallery import LocalGallery
from tests.benchmarks.contenders import BrokenOff
from tests.benchmarks.peers import NotInstallable, installed, version_of
from tests.benchmarks.results import Results, begun
from tests.benchmarks.vectors import BATCH, LENGTH, WANTED, gallery, median_seconds, probes
from tests.support.repository import ROOT

_KINDS = ("single", "batch")
_PEER_LIMIT = 180.0


def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="up to a million people, and more repetitions")
    parser.add_argument("--peers", action="store_true", help="with faiss and usearch")
    arguments = parser.parse_args()
    sizes, rounds = ((1_000, 10_000, 100_000, 1_000_000), 3) if arguments.full else ((1_000, 10_000, 100_000), 3)
    results = begun("search")
    lines: dict[str, list[tuple[float, float]]] = {}
    peers = _peers(results) if arguments.peers else {}
    for size in sizes:
        faces, asked = gallery(size), probes()
        ours = _filled(faces)
        nearest = int(ours.search(asked[:1], 1)[0][0].face_id)
        if nearest != int(np.argmin(_face_distance(faces, asked[0]))):
            raise AssertionError("the gallery does not find the nearest face")
        seconds: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for kind, some in (("single", asked[:1]), ("batch", asked)):
                taken = median_seconds(partial(ours.search, some, WANTED))
                seconds.setdefault(("Portero", kind), []).append(taken)
            # It knows no batch: many faces take it as many times as long.
            taken = median_seconds(partial(_old_way, faces, asked[0]))
            seconds.setdefault(("face_distance", "single"), []).append(taken)
            for peer, python in tuple(peers.items()):
                try:
                    found = _asked_peer(peer, python, size)
                except (BrokenOff, subprocess.TimeoutExpired) as reason:
                    results.broke_off(f"{peer}, {size:,} people", reason)
                    del peers[peer]
                    continue
                if found["nearest"] != nearest:
                    raise AssertionError(f"{peer} found another face")
                for kind in _KINDS:
                    seconds.setdefault((peer, kind), []).append(found[kind])
        _tell(results, size, seconds, lines)
    results.curve("Exact search", "people", "µs a face", lines)
    results.save()
    return 0


def _tell(
    results: Results,
    size: int,
    seconds: dict[tuple[str, str], list[float]],
    lines: dict[str, list[tuple[float, float]]],
) -> None:
    each = {"single": 1, "batch": BATCH}
    for (who, kind), taken in seconds.items():
        figure = results.add(f"{who}, {kind}, {size:,} people", "µs a face", [1e6 * one / each[kind] for one in taken])
        lines.setdefault(f"{who}, {kind}", []).append((size, figure.median))
    for kind in _KINDS:
        others = {who: statistics.median(taken) for (who, which), taken in seconds.items() if which == kind}
        ours = others.pop("Portero")
        if not others:
            continue
        best = min(others, key=lambda who: others[who])
        results.want(f"speed against the best exact ({best}), {kind}, {size:,}", others[best] / ours, 0.9)


def _filled(faces: Any) -> LocalGallery:
    ours = LocalGallery(LENGTH)
    ours.add(GalleryFace(str(row), f"person-{row}", vector.tobytes(), None) for row, vector in enumerate(faces))
    return ours


def _face_distance(faces: Any, probe: Any) -> Any:
    """Does what face_recognition.face_distance does, with its list of faces already an array."""
    return np.linalg.norm(faces - probe, axis=1)


def _old_way(faces: Any, probe: Any) -> int:
    return int(np.argmin(_face_distance(faces, probe)))


def _peers(results: Results) -> dict[str, str]:
    found = {}
    for peer in ("faiss", "usearch"):
        try:
            found[peer] = installed(peer)
        except NotInstallable as reason:
            results.broke_off(peer, reason)
            continue
        results.versions.setdefault(*version_of(peer, found[peer]))
    return found


def _asked_peer(peer: str, python: str, size: int) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-m", "tests.benchmarks.peer_search", peer, str(size)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR"))},
        capture_output=True,
        text=True,
        timeout=_PEER_LIMIT,
        check=False,
    )
    if done.returncode:
        raise BrokenOff((done.stderr.strip().splitlines() or ["it ended without a word"])[-1])
    document: dict[str, Any] = json.loads(done.stdout)
    return document


if __name__ == "__main__":
    raise SystemExit(main())
