"""A real server whose engine is Rekognition, as the simulator plays it, or another: each in a process of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc

from portero_cli.enrolling import enroll_person
from portero_client import CameraPurpose, ConnectionSettings, PorteroClient
from tests.benchmarks.visit_footage import Subject
from tests.support.processes.server_process import ServerProcess, running_server
from tests.support.processes.simulator_process import SimulatorProcess, running_simulator

VISIT_GAP = timedelta(seconds=2)
"""Of all cameras, so that visits soon after another are sightings of their own."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What runs, and how to talk to it."""

    simulator: SimulatorProcess
    server: ServerProcess
    client: PorteroClient
    channel: grpc.aio.Channel


@asynccontextmanager
async def stand(
    subjects: Sequence[Subject],
    cameras: Mapping[str, CameraPurpose],
    simulated: Sequence[str],
    engine: str = "rekognition",
    **settings: str,
) -> AsyncIterator[Stand]:
    """Runs simulator and server, enrolls who has a name, registers the cameras.

    Args:
        subjects: Who comes.
        cameras: Whom each serves, by id.
        simulated: Command line of the simulator.
        engine: The server's; another one does not call the simulator.
        settings: PORTERO_… variables of the server, without prefix.
    """
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(running_simulator(*simulated))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ |= simulator.environment
        server = await stack.enter_async_context(running_server(folder, engine=engine, **settings))
        client = await stack.enter_async_context(PorteroClient(ConnectionSettings(server.address)))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(server.address))
        for subject in subjects:
            if subject.name:
                await enroll_person(client, subject.name, subject.name, list(subject.enrolled), lambda: None)
        for camera, purpose in cameras.items():
            await client.cameras.create(camera, purpose=purpose, visit_gap=VISIT_GAP)
        yield Stand(simulator, server, client, channel)
