"""Many mostly still cameras at once against one real server: who is served how well, at what cost.

    python -m tests.benchmarks.cameras --cameras 20 --rate 5 --seconds 60

Frames are rendered once (640x480, sensor noise, the demo's people walking past for a third of the time, each camera
at another moment of the scene) and pushed straight through gRPC, so that the figures are the server's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import grpc
import httpx
import psutil
from portero.v1 import recognition_service_pb2_grpc, stream_pb2
from prometheus_client.parser import text_string_to_metric_families

from portero_bridge.sources.scene import SceneRenderer
from portero_bridge.sources.scene_script import load_scene
from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_cli.demo.scene import DURATION, write_scene
from portero_cli.demo.server import demo_server
from portero_cli.enrolling import enroll_person
from portero_cli.naming import id_of
from portero_client import ConnectionSettings, PorteroClient

_QUIET = 2.0
"""The scene is stretched by this factor with an empty picture, so that most of the time nothing moves."""


@dataclass(slots=True)
class Camera:
    """One simulated camera and what became of its frames."""

    name: str
    offset: int
    sent: int = 0
    starved: float = 0.0
    latencies: list[float] = field(default_factory=list)
    account: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)


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
    json.dump({"machine": _machine(), "arguments": vars(arguments), **figures}, sys.stdout, indent=2)
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
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        pushes = [group.create_task(_push(channel, camera, pictures, rate, seconds)) for camera in cameras]
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


async def _push(channel: grpc.aio.Channel, camera: Camera, pictures: list[bytes], rate: float, seconds: float) -> None:
    """Streams one camera at its rate, obeying its credit; waits for Finished."""
    call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
    opening = stream_pb2.OpenStream(camera=f"cameras/{camera.name}", epoch="e1", mode=stream_pb2.DELIVERY_MODE_LIVE)
    await call.write(stream_pb2.StreamFramesRequest(open=opening))
    credit = asyncio.Condition()
    granted = 0
    sent_at: dict[int, float] = {}

    async def listen() -> None:
        nonlocal granted
        durable = 0
        while (answer := await call.read()) is not grpc.aio.EOF:
            assert isinstance(answer, stream_pb2.StreamFramesResponse)
            kind = answer.WhichOneof("message")
            if kind in ("opened", "ack"):
                async with credit:
                    granted = (answer.opened if kind == "opened" else answer.ack).credit.frames
                    credit.notify_all()
            if kind == "ack":
                for sequence in range(durable + 1, answer.ack.durable_sequence + 1):
                    camera.latencies.append(time.monotonic() - sent_at.pop(sequence))
                durable = max(durable, answer.ack.durable_sequence)
            elif kind == "track_update" and answer.track_update.state == stream_pb2.TRACK_STATE_CONFIRMED:
                camera.named[answer.track_update.match.display_name or "unknown"] += 1
            elif kind == "finished":
                for descriptor, count in answer.finished.account.ListFields():
                    camera.account[descriptor.name] += count
                camera.account.pop("recognitions", None)

    async def push() -> None:
        began = time.monotonic()
        for index in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, began + index / rate - time.monotonic()))
            waited = time.monotonic()
            async with credit:
                await credit.wait_for(lambda: granted > camera.sent)
            camera.starved += time.monotonic() - waited
            frame = stream_pb2.Frame(sequence=index + 1, jpeg=pictures[(camera.offset + index) % len(pictures)])
            frame.capture_time.GetCurrentTime()
            sent_at[index + 1] = time.monotonic()
            await call.write(stream_pb2.StreamFramesRequest(frame=frame))
            camera.sent += 1
        await call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))

    # A stream that is refused ends the benchmark, not just its listener.
    async with asyncio.TaskGroup() as group:
        group.create_task(listen())
        group.create_task(push())


async def _stages(admin: str) -> dict[str, dict[str, float]]:
    """Gives the mean time and the number of each stage, as the server itself measured them."""
    async with httpx.AsyncClient() as http:
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


def _machine() -> dict[str, object]:
    return {"processors": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
