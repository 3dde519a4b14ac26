"""The simulator in this process, on a clock that tests move, and what talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import numpy as np
from botocore.config import Config

from portero_server.engines.base import CallContext, Engine
from portero_server.engines.scripted import ScriptedEngine
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from portero_simulator.endpoint import Endpoint
from portero_simulator.http import serving
from portero_simulator.options import Options
from portero_simulator.simulator import create_endpoint
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock

if TYPE_CHECKING:
    from types_boto3_rekognition.client import RekognitionClient

_T = TypeVar("_T")

RED, GREEN, BLUE, WHITE = (60, 60, 230), (60, 230, 60), (230, 60, 60), (230, 230, 230)
"""People, as the scripted engine knows them: by color, BGR."""

Patch = tuple[int, int, int, tuple[int, int, int]]
"""A face: left, top, side (pixels) and color."""

# Making a client from one session costs a tenth of making it anew, since the service model stays loaded.
_SESSION = boto3.session.Session("AKIDEXAMPLE", "secret", region_name="us-east-1")


def picture(*patches: Patch, width: int = 320, height: int = 240) -> Pixels:
    """Paints faces on a dark ground, as the scripted engine sees them."""
    pixels = np.full((height, width, 3), 10, np.uint8)
    for left, top, side, color in patches:
        pixels[top : top + side, left : left + side] = color
    return pixels


def png(pixels: Pixels) -> bytes:
    """Encodes without loss."""
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def card(text: str) -> Pixels:
    """Returns a picture with text, as the scripted engine reads it: a QR code."""
    code = cv2.QRCodeEncoder.create().encode(text)
    enlarged = cv2.resize(code, (300, 300), interpolation=cv2.INTER_NEAREST)
    ground = np.full((420, 420), 255, np.uint8)
    ground[60:360, 60:360] = enlarged
    return np.asarray(cv2.cvtColor(ground, cv2.COLOR_GRAY2BGR), np.uint8)


def portrait(color: tuple[int, int, int], **size: int) -> bytes:
    """Returns a PNG file with one large face."""
    return png(picture((100, 60, 100, color), **size))


def client_of(url: str, *, attempts: int = 1, read_timeout: float = PATIENCE) -> RekognitionClient:
    """Makes an unchanged boto3 client for an address."""
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=read_timeout)
    return _SESSION.client("rekognition", endpoint_url=url, config=config)


async def ask(call: Callable[..., _T], **parameters: Any) -> _T:
    """Makes a blocking call in a thread, so that the simulator on this loop can answer it."""
    return await asyncio.to_thread(call, **parameters)


@dataclass
class CountingGate:
    """Implements CallGate; lets everything through and remembers what."""

    operations: list[str] = field(default_factory=list)
    contexts: list[CallContext] = field(default_factory=list)

    async def run(self, operation: str, context: CallContext, call: Callable[[], Awaitable[_T]]) -> _T:
        """Makes the call."""
        self.operations.append(operation)
        self.contexts.append(context)
        return await call()


@dataclass(frozen=True)
class Simulation:
    """A running simulator. Its sleep moves its clock and takes no time."""

    url: str
    client: RekognitionClient
    endpoint: Endpoint
    engine: Engine
    clock: ManualClock

    def outcomes(self, operation: str) -> dict[str, int]:
        """Returns how often an operation ended how."""
        outcomes: dict[str, int] = self.endpoint.journal.summary()["operations"][operation]["outcomes"]
        return outcomes


@asynccontextmanager
async def simulated(options: Options | None = None, engine: Engine | None = None) -> AsyncIterator[Simulation]:
    """Runs a simulator; by default with the scripted engine and Amazon's quotas of the large regions."""
    clock = ManualClock()
    engine = engine or ScriptedEngine()

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    endpoint = create_endpoint(engine, options or Options(), clock, sleep=sleep)
    async with serving(endpoint, clock, "127.0.0.1", 0) as url:
        client = client_of(url)
        try:
            yield Simulation(url, client, endpoint, engine, clock)
        finally:
            client.close()
            await engine.aclose()
