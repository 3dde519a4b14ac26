"""Many mostly still cameras at once against one real server: who is served how well, at what cost.

    python -m tests.benchmarks.cameras --cameras 20 --rate 5 --seconds 60

Frames are rendered once (640x480, sensor noise, the demo's people walking past for a third of the time, each camera
at another moment of the scene) and pushed straight through gRPC, so that the figures are the server's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import cv2
import grpc
import httpx2
import psutil
from portero.v1 import stream_pb2
from prometheus_client.parser import text_string_to_metric_families

from portero_bridge.sources.scene import SceneRenderer
from portero_bridge.sources.scene_script import load_scene
from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_cli.demo.scene import DURATION, write_scene
from portero_cli.demo.server import demo_server
from portero_cli.enrolling import enroll_person
from portero_cli.naming import id_of
from portero_client import ConnectionSettings, PorteroClient
from tests.benchmarks.machine import machine
from tests.support.client.streaming import show

_QUIET = 2.0
"""The scene is stretched by this factor with an empty picture, so that most of the time nothing moves."""


@dataclass(slots=True)
class Camera:
    """One simulated camera and what became of its frames; implements Audience."""

    name: str
    offset: int
    sent: int = 0
    starved: float = 0.0
    latencies: list[float] = field(default_factory=list)
    account: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)
    _durable: int = 0
    _sent_at: dict[int, float] = field(default_factory=dict)

    def sending(self, sequence: int, starved: float) -> None:
        """Notes when a frame leaves."""
        self.sent = sequence
        self.starved += starved
        self._sent_at[sequence] = time.monotonic()

    def heard(self, answer: stream_pb2.StreamFramesResponse) -> None:
        """Notes acks, names and the account at the end."""
        kind = answer.WhichOneof("message")
        if kind == "ack":
            for sequence in range(self._durable + 1, answer.ack.durable_sequence + 1):
                self.latencies.append(time.monotonic() - self._sent_at.pop(sequence))
            self._durable = max(self._durable, answer.ack.durable_sequence)
        elif kind == "track_update" and answer.track_update.state == stream_pb2.TRACK_STATE_CONFIRMED:
            self.named[answer.track_update.match.display_name or "unknown"] += 1
        elif kind == "finished":
            for descriptor, count in answer.finished.account.ListFields():
                self.account[descriptor.name] += count
            self.account.pop("recognitions", None)


@dataclass(frozen=True, slots=True)
class Sample:
    """The server's processes at a moment: CPU seconds so far, resident bytes."""

    cpu: float
    memory: int


async def main() -> int:
    """Runs the benchmark and prints its figures as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=20)
    parser.add_argument("--rate", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = _pictures(folder, arguments.rate)
        async with (
            demo_server(folder) as server,
            PorteroClient(ConnectionSettings(server.address)) as client,
            grpc.aio.insecure_channel(server.address) as channel,
        ):
            for portrait in (COLLINS, HOPPER):
                person = str(portrait.name)
                await enroll_person(client, person, id_of(person), [folder / portrait.file], lambda: None)
            cameras = [
                Camera(f"cam-{index:03d}", index * len(pictures) // arguments.cameras)
                for index in range(arguments.cameras)
            ]
            for camera in cameras:
                await client.cameras.create(camera.name)
            figures = await _measure(channel, cameras, pictures, arguments.rate, arguments.seconds)
            figures["stage_milliseconds"] = await _stages(server.admin)
    json.dump({"machine": machine(), "arguments": vars(arguments), **figures}, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


def _pictures(folder: Path, rate: float) -> list[bytes]:
    """Renders one round of the scene, followed by as long a quiet time."""
    renderer = SceneRenderer(load_scene(write_scene(folder)))
    frames = []
    for index in range(int(DURATION * _QUIET * rate)):
        done, data = cv2.imencode(".jpg", renderer.render(index / rate), [cv2.IMWRITE_JPEG_QUALITY, 85])
        assert done
        frames.append(data.tobytes())
    return frames


async def _measure(
    channel: grpc.aio.Channel, cameras: list[Camera], pictures: list[bytes], rate: float, seconds: float
) -> dict[str, object]:
    samples = [_sample()]
    began, now = time.monotonic(), datetime.now(UTC)
    async with asyncio.TaskGroup() as group:
        pushes = [
            group.create_task(
                show(channel, camera.name, _shown(camera, pictures, int(seconds * rate)), rate, now, camera)
            )
            for camera in cameras
        ]
        while not all(push.done() for push in pushes):
            await asyncio.sleep(5.0)
            samples.append(_sample())
    elapsed = time.monotonic() - began
    outcomes: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for camera in cameras:
        outcomes.update(camera.account)
        named.update(camera.named)
    latencies = sorted(latency for camera in cameras for latency in camera.latencies)
    return {
        "frames_sent": sum(camera.sent for camera in cameras),
        "frames_of_least_served_camera": min(sum(camera.account.values()) for camera in cameras),
        "outcomes": dict(outcomes),
        "decisions": dict(named),
        "seconds_without_credit": round(sum(camera.starved for camera in cameras), 2),
        "ack_milliseconds": {
            str(share): round(1000 * latencies[int(share * (len(latencies) - 1))], 1) for share in (0.5, 0.95, 0.99)
        },
        "server_cpu_cores": round((samples[-1].cpu - samples[0].cpu) / elapsed, 2),
        "server_memory_mb": [round(sample.memory / 1e6) for sample in samples],
    }


def _shown(camera: Camera, pictures: list[bytes], frames: int) -> Iterator[bytes]:
    """Returns what a camera sees, beginning at its own moment of the scene."""
    return islice(cycle([*pictures[camera.offset :], *pictures[: camera.offset]]), frames)


async def _stages(admin: str) -> dict[str, dict[str, float]]:
    """Returns the mean time and the number of each stage, as the server itself measured them."""
    async with httpx2.AsyncClient() as http:
        text = (await http.get(f"http://{admin}/metrics")).text
    totals: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            kind = sample.name.rsplit("_", 1)[-1]
            if "stage" in sample.labels and kind in ("sum", "count"):
                totals.setdefault(sample.labels["stage"], {})[kind] = sample.value
    return {
        stage: {"mean": round(1000 * each["sum"] / each["count"], 1), "count": each["count"]}
        for stage, each in totals.items()
        if each.get("count")
    }


def _sample() -> Sample:
    """Sums the server's process and its workers."""
    servers = [
        process
        for process in psutil.Process().children(recursive=True)
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
    times = [process.cpu_times() for process in servers]
    return Sample(
        cpu=sum(each.user + each.system for each in times),
        memory=sum(process.memory_info().rss for process in servers),
    )


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
