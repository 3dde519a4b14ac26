"""Anchoring goes on by itself, costs nothing while nothing moves, and survives a bucket that is away."""

from __future__ import annotations

import asyncio

from portero_server.audit.anchoring import Anchoring
from portero_server.domain.audit.chain import Anchor
from portero_server.errors import Unavailable
from portero_server.telemetry.metrics import Metrics
from tests.support.server.audit_chains import MOMENT, MemoryLog, deed
from tests.support.time.virtual_time import ManualClock, in_virtual_time


class Shelf:
    """Keeps anchors; refuses them while `away`."""

    def __init__(self) -> None:
        self.anchors: list[Anchor] = []
        self.away = False

    async def put(self, anchor: Anchor) -> None:
        """Keeps one."""
        if self.away:
            raise Unavailable("away")
        self.anchors.append(anchor)


class Rig:
    """A trail in memory, and where it is anchored."""

    def __init__(self) -> None:
        self.log, self.shelf = MemoryLog(), Shelf()
        self.clock = ManualClock()
        self.metrics = Metrics(version="", engine="")
        self.anchoring = Anchoring(self.log, self.shelf, self.clock, self.metrics.audit, interval=3600)

    def metric(self, name: str) -> float:
        """Returns a metric's value."""
        value = self.metrics.registry.get_sample_value(name)
        assert value is not None
        return value


async def test_the_end_is_anchored_once() -> None:
    """The end is put once, again when it has moved, and an empty trail never."""
    rig = Rig()
    await rig.anchoring.anchor()
    assert rig.shelf.anchors == []
    for number in (1, 2):
        await rig.log.append([deed(number)], MOMENT)
        await rig.anchoring.anchor()
        await rig.anchoring.anchor()
    ends = [Anchor(entry.position, entry.digest) for entry in rig.log.chain.appended]
    assert rig.shelf.anchors == ends
    assert rig.metric("portero_audit_anchored_timestamp_seconds") == rig.clock.now().timestamp()


async def test_a_bucket_that_is_away_is_tried_again() -> None:
    """What cannot be anchored is counted, leaves the time of the last anchor as it was, and is tried again."""
    rig = Rig()
    await rig.log.append([deed(1)], MOMENT)
    rig.shelf.away = True
    await rig.anchoring.anchor()
    assert rig.metric("portero_audit_anchor_failures_total") == 1
    assert rig.metric("portero_audit_anchored_timestamp_seconds") == 0
    rig.shelf.away = False
    await rig.anchoring.anchor()
    assert len(rig.shelf.anchors) == 1


@in_virtual_time
async def test_the_end_is_anchored_every_interval() -> None:
    """The task anchors at its start and then every interval."""
    rig = Rig()
    await rig.log.append([deed(1)], MOMENT)
    running = asyncio.create_task(rig.anchoring.run())
    await asyncio.sleep(1)
    assert len(rig.shelf.anchors) == 1
    await rig.log.append([deed(2)], MOMENT)
    await asyncio.sleep(3600)
    assert len(rig.shelf.anchors) == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
