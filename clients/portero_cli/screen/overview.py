"""The state of all cameras at one moment, for `portero top`."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from portero_cli.screen.output import printable
from portero_cli.screen.sheet import table
from portero_cli.screen.tables import (
    STRANGER,
    asked_words,
    clock_words,
    local_clock,
    local_moment,
    naming_times,
    naming_words,
    stream_words,
)
from portero_client import Camera, CameraStatus, PorteroClient, Sighting, Usage
from portero_client.errors import NotFound
from portero_client.names import CAMERAS

_MOST_SIGHTINGS = 200
_MOST_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class CameraRow:
    """The state of one camera at this moment.

    Attributes:
        camera: Id of the camera.
        streaming: Whether a stream is open at the server that answered.
        state: How it does, in words, such as "4.8 frames/s" or "no picture since 14:02:11".
        frame_rate: Frames a second over the last seconds.
        lag: Frames received and not yet durable.
        silence: Seconds since the last frame was captured, or None before the first.
        open_tracks: Faces being followed.
        last_seen: Who was seen last ("unknown" for a stranger), or empty.
        last_seen_time: When that was; None if nobody was seen.
        calls: Paid calls of today, UTC.
        dollars: What they cost.
        clock: What is wrong with its clock, or empty.
        asked: What its bridge is asked for at present, or empty.
        network_delay: Seconds to its bridge or back, or None while unknown.
        agent: Name and version of its bridge, or empty.
        named_in: Seconds within which half of the faces named lately got their names, and 95 %; None: nobody did.
    """

    camera: str
    streaming: bool
    state: str
    frame_rate: float
    lag: int
    silence: float | None
    open_tracks: int
    last_seen: str
    last_seen_time: datetime | None
    calls: int
    dollars: float
    clock: str = ""
    asked: str = ""
    network_delay: float | None = None
    agent: str = ""
    named_in: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """All cameras, those without a picture first, and today's cost."""

    time: datetime
    cameras: tuple[CameraRow, ...]
    usage: Usage


async def statuses_of(client: PorteroClient, cameras: Sequence[Camera]) -> list[CameraStatus | None]:
    """Returns the status of each camera; None if it was removed since it was listed.

    Raises:
        PorteroError: A call failed.
    """
    places = asyncio.Semaphore(_MOST_AT_ONCE)

    async def status_of(camera: Camera) -> CameraStatus | None:
        async with places:
            try:
                return await client.cameras.status(camera.name)
            except NotFound:
                return None

    return await asyncio.gather(*map(status_of, cameras))


async def take_overview(client: PorteroClient, now: datetime, limit: int) -> Overview:
    """Queries the server for the state of all cameras.

    Args:
        client: The server.
        now: The time, UTC.
        limit: Largest number of cameras.

    Raises:
        PorteroError: A call failed.
    """
    page = await client.cameras.list().first(limit)
    enabled = [camera for camera in page.items if not camera.disabled]
    statuses = await statuses_of(client, enabled)
    sightings = await client.sightings.list().first(_MOST_SIGHTINGS)
    usage = await client.usage()
    last: dict[str, Sighting] = {}
    for sighting in sightings.items:
        last.setdefault(sighting.camera, sighting)
    calls: Counter[str] = Counter()
    dollars: defaultdict[str, float] = defaultdict(float)
    for line in usage.calls:
        calls[line.camera] += line.calls
        dollars[line.camera] += line.dollars
    rows = [
        _row(camera.name, status, last.get(camera.name), now, calls[camera.name], dollars[camera.name])
        for camera, status in zip(enabled, statuses, strict=True)
        if status is not None
    ]
    return Overview(now, tuple(sorted(rows, key=lambda row: (row.streaming and row.frame_rate > 0, row.camera))), usage)


def render(overview: Overview) -> Group:
    """Returns the table and the lines around it."""
    up = sum(row.streaming for row in overview.cameras)
    head = (
        f"{local_clock(overview.time)}  {up} of {len(overview.cameras)} cameras stream, "
        f"{sum(row.frame_rate for row in overview.cameras):.1f} frames/s, {_money(overview.usage)}"
    )
    return Group(Text(head), *_budgets(overview.usage), Text(), _table(overview))


def _row(
    name: str, status: CameraStatus, sighting: Sighting | None, now: datetime, calls: int, dollars: float
) -> CameraRow:
    last_frame = status.last_frame_time
    return CameraRow(
        camera=CAMERAS.identifier(name),
        streaming=status.streaming,
        state=stream_words(status, now),
        frame_rate=status.frame_rate,
        lag=status.watermark_lag,
        silence=None if last_frame is None else max(0.0, (now - last_frame).total_seconds()),
        open_tracks=status.open_tracks,
        last_seen="" if sighting is None else sighting.display_name or STRANGER,
        last_seen_time=None if sighting is None else sighting.last_seen_time,
        calls=calls,
        dollars=dollars,
        clock=clock_words(status),
        asked=asked_words(status),
        network_delay=None if status.network_delay is None else status.network_delay.total_seconds(),
        agent=status.agent,
        named_in=naming_times(status),
    )


def _table(overview: Overview) -> RenderableType:
    if not overview.cameras:
        return "no camera"
    return table(
        "camera",
        "stream",
        "named in",
        "last seen",
        "at",
        "faces",
        "not yet durable",
        "calls today",
        "dollars today",
        "clock",
        "asked for",
        "delay",
        "bridge",
        rows=(
            (
                row.camera,
                row.state,
                naming_words(row.named_in),
                row.last_seen,
                "" if row.last_seen_time is None else local_moment(row.last_seen_time, overview.time),
                row.open_tracks,
                row.lag,
                row.calls,
                f"{row.dollars:.3f}",
                row.clock,
                row.asked,
                "" if row.network_delay is None else f"{row.network_delay * 1000:.0f} ms",
                row.agent,
            )
            for row in overview.cameras
        ),
        spare=(
            "bridge",
            "delay",
            "dollars today",
            "calls today",
            "not yet durable",
            "faces",
            "named in",
            "asked for",
            "clock",
            "at",
        ),
    )


def _money(usage: Usage) -> str:
    return f"${usage.dollars:.3f} today, ${usage.projected_month_dollars:.2f} projected for the month"


def _budgets(usage: Usage) -> Iterator[Text]:
    for budget in usage.budgets:
        line = f"budget {budget.scope}: ${budget.spent_dollars:.3f} of ${budget.daily_dollars:.2f}, {budget.step}"
        yield Text(printable(line))
