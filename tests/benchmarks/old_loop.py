"""A loop as the old systems had it, against Portero, on the same footage: frames a second of one core, and calls.

    python -m tests.benchmarks.old_loop [--full] [--clips FOLDER] [--yunet FILE]

The old loop reads a frame, finds faces in color at twice its size, encodes each and compares it with everybody, frame
by frame (face_recognition's defaults, as in the ESP32 and Flask tutorials). Portero plays the footage at its real rate
through a real server with the local engine; its processor time includes the worker that encodes. With a paid
recognizer the old loop would pay for every face of every frame, Portero for each request to its engine.

A frame of eight cameras costs less than one of a single camera: what a server does whether frames come or not, and
what each commit costs, is shared by more frames. So the visits are played by one camera and by eight at once.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import grpc
import numpy as np
import psutil
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from portero_cli.enrolling import enroll_person
from portero_client import ConnectionSettings, PorteroClient
from portero_server.vision.models import Model, load_dlib, load_model
from tests.benchmarks.results import Results, begun
from tests.benchmarks.visit_footage import Subject, make_footage, public_subjects
from tests.support.processes.server_process import running_server
from tests.support.repository import ROOT

_RATE = 5.0
_CAMERAS = 8


@dataclass(frozen=True, slots=True)
class _Reel:
    """Films that as many cameras play at once, JPEG files at _RATE a second."""

    name: str
    films: tuple[tuple[bytes, ...], ...]

    @property
    def frames(self) -> tuple[bytes, ...]:
        """The frames of all films."""
        return tuple(frame for film in self.films for frame in film)


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="more footage, and more of its frames in the old loop")
    parser.add_argument("--clips", type=Path, default=ROOT.parent / "shared" / "data" / "clips")
    parser.add_argument("--yunet", type=Path, help="find faces with YuNet, of this file, as the image does")
    arguments = parser.parse_args()
    detector = {} if arguments.yunet is None else {"detector_model": str(arguments.yunet.resolve())}
    visits, sampled = (8, 40) if arguments.full else (3, 12)
    results = begun("old_loop")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subjects = public_subjects(folder)
        footage = make_footage(subjects, folder, cameras=_CAMERAS, visits=visits, rate=_RATE, seed=3)
        films = tuple(each.frames for each in footage)
        reels = [_Reel("visits", films[:1]), _Reel(f"visits of {_CAMERAS} cameras", films)]
        clips = sorted(arguments.clips.glob("*.mp4")) if arguments.clips.is_dir() else []
        if not clips:
            results.note("there are no clips beside the repository: only the generated visits were played")
        reels += [_Reel(clip.stem, (_clip(clip),)) for clip in clips]
        for reel in reels:
            old = _OldLoop(subjects)
            began = time.process_time()
            chosen = reel.frames[:: max(1, len(reel.frames) // (sampled * len(reel.films)))]
            faces = sum(old.frame(jpeg) for jpeg in chosen)
            old_seconds = (time.process_time() - began) / len(chosen)
            old_calls = faces / len(chosen) * len(reel.frames)
            seconds, calls = await _portero(folder, subjects, reel, detector)
            _tell(results, reel, old_seconds, old_calls, seconds / len(reel.frames), calls)
    results.save()
    return 0


def _tell(results: Results, reel: _Reel, old: float, old_calls: float, new: float, calls: int) -> None:
    results.add(f"old loop, {reel.name}", "frames/s a core", [1 / old])
    results.add(f"Portero, {reel.name}", "frames/s a core", [1 / new])
    results.add(f"old loop, {reel.name}: faces asked about in {len(reel.frames)} frames", "calls", [old_calls])
    results.add(f"Portero, {reel.name}: faces asked about", "calls", [calls])
    results.note(
        f"{reel.name}: {old / new:.1f} times the frames of the old loop on one core, "
        f"{old_calls / max(1, calls):.0f} times fewer faces asked about"
    )


class _OldLoop:
    def __init__(self, subjects: list[Subject]) -> None:
        dlib = load_dlib()
        self._find = dlib.get_frontal_face_detector()
        self._landmarks = load_model(dlib.shape_predictor, Model.LANDMARKS)
        self._network = load_model(dlib.face_recognition_model_v1, Model.ENCODER)
        photos = [cv2.imread(str(photo)) for subject in subjects for photo in subject.enrolled]
        self._known = np.array([vector for photo in photos for vector in self._encoded(photo)])

    def frame(self, jpeg: bytes) -> int:
        """Does one frame. Returns how many faces were asked about."""
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        vectors = self._encoded(picture)
        for vector in vectors:
            np.argmin(np.linalg.norm(self._known - vector, axis=1))
        return len(vectors)

    def _encoded(self, picture: Any) -> list[Any]:
        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        found = [self._landmarks(rgb, face) for face in self._find(rgb, 1)]
        return [np.array(self._network.compute_face_descriptor(rgb, landmarks, 1)) for landmarks in found]


async def _portero(folder: Path, subjects: list[Subject], reel: _Reel, detector: dict[str, str]) -> tuple[float, int]:
    """Plays the films of a reel at their rate, each before a camera of its own.

    Returns:
        The server's processor time for it, and how many faces the engine was asked about.
    """
    place = folder / f"server-{reel.name.replace(' ', '-')}"
    place.mkdir()
    async with (
        running_server(place, engine="local", **detector) as server,
        PorteroClient(ConnectionSettings(server.address)) as client,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        for subject in subjects:
            if subject.name:
                await enroll_person(client, subject.name, subject.name, list(subject.enrolled), lambda: None)
        cameras = [f"bench-{number}" for number in range(len(reel.films))]
        for camera in cameras:
            await client.cameras.create(camera)
        began = _processor_time(server.process.pid)
        played = [_played(channel, camera, film) for camera, film in zip(cameras, reel.films, strict=True)]
        recognitions = sum(await asyncio.gather(*played))
        return _processor_time(server.process.pid) - began, recognitions


async def _played(channel: grpc.aio.Channel, camera: str, film: Sequence[bytes]) -> int:
    call: Any = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
    opening = stream_pb2.OpenStream(camera=f"cameras/{camera}", epoch="e1", mode=stream_pb2.DELIVERY_MODE_LIVE)
    await call.write(stream_pb2.StreamFramesRequest(open=opening))
    account = asyncio.create_task(_account(call))
    start, captured = time.monotonic(), datetime.now(UTC)
    for index, jpeg in enumerate(film):
        await asyncio.sleep(max(0.0, start + index / _RATE - time.monotonic()))
        frame = stream_pb2.Frame(sequence=index + 1, jpeg=jpeg)
        frame.capture_time.FromDatetime(captured + timedelta(seconds=index / _RATE))
        await call.write(stream_pb2.StreamFramesRequest(frame=frame))
    await call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))
    finished = await account
    if finished.durable_sequence != len(film):
        raise AssertionError(f"{finished.durable_sequence} of {len(film)} frames became durable")
    return int(finished.account.recognitions)


async def _account(call: Any) -> stream_pb2.Finished:
    while (answer := await call.read()) is not grpc.aio.EOF:
        if answer.WhichOneof("message") == "finished":
            finished: stream_pb2.Finished = answer.finished
            return finished
    raise RuntimeError("the server ended the stream")


def _processor_time(pid: int) -> float:
    server = psutil.Process(pid)
    return sum(sum(process.cpu_times()[:2]) for process in (server, *server.children(recursive=True)))


def _clip(path: Path) -> tuple[bytes, ...]:
    """Reads a film at five frames a second."""
    film = cv2.VideoCapture(str(path))
    rate = film.get(cv2.CAP_PROP_FPS)
    frames: list[bytes] = []
    index = 0
    while True:
        there, picture = film.read()
        if not there:
            return tuple(frames)
        if index >= len(frames) * rate / _RATE:
            done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
            assert done
            frames.append(data.tobytes())
        index += 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
