"""The whole job as one would write it for a model server: judge, gate, find, store, in a batch that is one commit.

Given to every peer unchanged, with our own parts in it, so that what differs is only what surrounds it. It runs in
the peers' environments: nothing is imported here that they have not.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pymysql

from portero_server.domain.detection.geometry import WHOLE
from portero_server.domain.streams.frames import FrameLimits
from portero_server.engines.scripted import PatchDetector
from portero_server.vision.gate import MotionGate
from portero_server.vision.jpeg import check_header, decode_color

_CAMERAS = 16
_TABLE = (
    "CREATE TABLE IF NOT EXISTS job_frames (number BIGINT AUTO_INCREMENT PRIMARY KEY, "
    "camera INT NOT NULL, outcome VARCHAR(16) NOT NULL)"
)


class NullJob:
    """Does nothing."""

    def work(self, frames: Sequence[bytes]) -> list[bytes]:
        """Answers each frame."""
        return [b"ok"] * len(frames)


class WholeJob:
    """Does everything; not thread-safe, so that `thread` is the one to do it in beside an event loop.

    Frames are dealt to sixteen gates in turn. All cameras of the load show the same scene, so that this is the work
    of sixteen cameras without telling the frames' cameras through each peer's protocol.
    """

    def __init__(self, port: int, schema: str) -> None:
        self.thread = ThreadPoolExecutor(1)
        self._gates = [MotionGate() for _ in range(_CAMERAS)]
        self._turns = itertools.count()
        self._limits = FrameLimits()
        self._detector = PatchDetector()
        self._database: Any = pymysql.connect(host="127.0.0.1", port=port, user="root", database=schema)
        with self._database.cursor() as cursor:
            cursor.execute(_TABLE)
        self._database.commit()

    def work(self, frames: Sequence[bytes]) -> list[bytes]:
        """Judges, gates and searches each frame, then stores a row for each in one durable commit."""
        rows: list[tuple[int, str]] = []
        for jpeg in frames:
            turn = next(self._turns)
            rows.append((turn % _CAMERAS, self._outcome(jpeg, turn)))
        with self._database.cursor() as cursor:
            values = ",".join(["(%s,%s)"] * len(rows))
            cursor.execute(
                f"INSERT INTO job_frames (camera, outcome) VALUES {values}",
                tuple(itertools.chain.from_iterable(rows)),
            )
        self._database.commit()
        return [outcome.encode() for _, outcome in rows]

    def _outcome(self, jpeg: bytes, turn: int) -> str:
        check_header(jpeg, self._limits)
        # 25 frames a second of each camera.
        seen = self._gates[turn % _CAMERAS].look(jpeg, turn / _CAMERAS / 25)
        if seen.duplicate:
            return "duplicate"
        if not seen.changed:
            return "unchanged"
        faces = self._detector.find(decode_color(jpeg), thorough=False, within=WHOLE)
        return "with_faces" if faces else "empty"


async def worked(job: NullJob | WholeJob, frames: Sequence[bytes]) -> list[bytes]:
    """Does a job as an event loop does it best: nothing at once, what decodes and waits for a disk in a thread."""
    if isinstance(job, NullJob):
        return job.work(frames)
    return await asyncio.get_running_loop().run_in_executor(job.thread, job.work, frames)


def job_of(name: str) -> NullJob | WholeJob:
    """Makes the job: "null", or "PORT/SCHEMA" of the MySQL server that the whole job stores in."""
    if name == "null":
        return NullJob()
    port, _, schema = name.partition("/")
    return WholeJob(int(port), schema)
