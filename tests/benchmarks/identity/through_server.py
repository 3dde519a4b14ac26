"""Shows films to a real server in real time, several cameras at once. Speaks nothing but the wire."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from portero.v1 import detections_pb2, stream_pb2

from portero_cli.enrolling import enroll_person
from portero_client import ConnectionSettings, PorteroClient
from tests.benchmarks.identity.account import Account, Stored, Tell
from tests.benchmarks.identity.people import Company
from tests.benchmarks.identity.truth import Place
from tests.support.client.streaming import show
from tests.support.processes.server_process import running_server
from tests.support.processes.simulator_process import running_simulator
from tests.support.time.timeouts import PATIENCE


@dataclass(frozen=True, slots=True)
class Showing:
    """A film to be shown: JPEG files at so many a second."""

    frames: Sequence[bytes]
    rate: float


@dataclass(frozen=True, slots=True)
class Serving:
    """How the server is run.

    Attributes:
        cameras: Films shown at the same time.
        python: The interpreter that has it installed.
        deadline: Seconds after which a track is decided.
    """

    cameras: int
    python: str
    deadline: float


class Door:
    """A server with everybody enrolled, at which films are shown, each to a camera of its own."""

    def __init__(self, client: PorteroClient, channel: grpc.aio.Channel, visit_gap: timedelta) -> None:
        self._client = client
        self._channel = channel
        self._visit_gap = visit_gap
        self._cameras = 0

    async def watch(self, showings: Sequence[Showing]) -> list[Account]:
        """Shows films at the same time and returns what was told and stored of each."""
        return list(await asyncio.gather(*(self._watch(showing) for showing in showings)))

    async def _watch(self, showing: Showing) -> Account:
        self._cameras += 1
        camera = f"identity-{self._cameras:04d}"
        await self._client.cameras.create(camera, visit_gap=self._visit_gap)
        heard = _Heard(datetime.now(UTC))
        await show(self._channel, camera, showing.frames, showing.rate, heard.began, heard, obeys=True)
        account = heard.account
        async for sighting in self._client.sightings.list(camera=camera):
            first, last = (
                (when - heard.began).total_seconds() for when in (sighting.first_seen_time, sighting.last_seen_time)
            )
            tracks = frozenset(track for track, name in heard.sighting_of.items() if name == sighting.name)
            account.stored.append(Stored(sighting.person.removeprefix("people/"), first, last, tracks))
        return account


@asynccontextmanager
async def door(company: Company, engine: str, visit_gap: timedelta, serving: Serving) -> AsyncIterator[Door]:
    """Runs a server with SQLite and the engine, and enrolls whoever is to be enrolled.

    Args:
        company: Who plays.
        engine: "local", or "rekognition" as the simulator plays it.
        visit_gap: Of the cameras.
        serving: How the server is run.
    """
    async with AsyncExitStack() as stack:
        if engine == "rekognition":
            simulator = await stack.enter_async_context(running_simulator("--latency", "0.15"))
            os.environ |= simulator.environment
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = {
            "engine": engine,
            "decision_deadline": str(serving.deadline),
            "rekognition_read_timeout": str(min(6.0, serving.deadline)),
        }
        server = await stack.enter_async_context(running_server(folder, PATIENCE, serving.python, **settings))
        client = await stack.enter_async_context(PorteroClient(ConnectionSettings(server.address)))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(server.address))
        for player in company.enrolled:
            enrolled = await enroll_person(client, player.key, player.key, list(player.photos), lambda: None)
            assert enrolled.complete, f"{player.key} was not enrolled: {enrolled.photos}"
        yield Door(client, channel, visit_gap)


@dataclass(slots=True)
class _Heard:
    """Implements Audience: collects what is told of a stream that `began` then."""

    began: datetime
    account: Account = field(default_factory=Account)
    sighting_of: dict[str, str] = field(default_factory=dict)
    _start: float = field(default_factory=time.monotonic)

    def sending(self, sequence: int, starved: float) -> None:
        """Needs nothing of it."""

    def heard(self, answer: stream_pb2.StreamFramesResponse) -> None:
        """Keeps what is told of tracks, and the number of calls at the end."""
        kind = answer.WhichOneof("message")
        if kind == "track_update":
            update = answer.track_update
            if update.sighting:
                self.sighting_of[update.track] = update.sighting
            self.account.tells.append(
                Tell(
                    track=update.track,
                    told=time.monotonic() - self._start,
                    seen=(update.last_seen_time.ToDatetime(UTC) - self.began).total_seconds(),
                    place=_place(update.box),
                    name=update.match.person.removeprefix("people/"),
                    closed=update.state == stream_pb2.TRACK_STATE_CLOSED,
                )
            )
        elif kind == "finished":
            self.account.calls = answer.finished.account.recognitions


def _place(box: detections_pb2.Box) -> Place:
    return Place(box.left + box.width / 2, box.top + box.height / 2, box.width, box.height)
