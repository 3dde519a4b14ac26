"""Servers and bridges that die together: nobody sends the frames again that were not durable."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from portero_server.engines.base import FaceCrop, Identification
from tests.simulation.bridges import SimulatedBridge
from tests.simulation.network import Pipe
from tests.simulation.servers import Engine, Link, simulated_server
from tests.simulation.store import SimulatedStore
from tests.support.model.ledger import Told
from tests.support.model.script import PEOPLE_PER_CAMERA, camera_name, person_name
from tests.support.time.virtual_time import run_in_virtual_time

_SEEDS = 30
_CAMERAS = 2
_FRAMES = 80
_LONGEST_LIFE = 8.0
_DESERTED = 45.0
"""Seconds after which the next server has noticed: its patience, and the interval of its looks."""


class _FickleEngine(Engine):
    """Answers one face at once and another much later, which holds the first one's watermark back."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    async def identify(self, crop: FaceCrop) -> Identification:
        """Says who it is."""
        self.latency = self._chance.choice((0.01, 2.5))
        return await super().identify(crop)


async def _not_told_to_have_left_once(seed: int, *, new_epochs: bool = False) -> list[str]:
    """Kills server and bridges at a random moment, and gives the sightings whose end is not told once.

    Args:
        seed: Of everything random.
        new_epochs: A server dies after it has opened a new epoch of each camera, before any commit.
    """
    chance = random.Random(seed)
    people = [person_name(camera, place) for camera in range(_CAMERAS) for place in range(PEOPLE_PER_CAMERA)]
    store, engine = SimulatedStore(people, random.Random(seed + 1)), _FickleEngine(random.Random(seed + 3))
    network = random.Random(seed + 2)
    async with simulated_server(store, engine, _CAMERAS) as server:
        bridges = [
            SimulatedBridge(
                camera, _FRAMES, Told(), server.connect, lambda: Link(Pipe(network), Pipe(network)), seed + camera
            )
            for camera in range(_CAMERAS)
        ]
        for bridge in bridges:
            bridge.start()
        await asyncio.sleep(chance.uniform(0.5, _LONGEST_LIFE))
    for bridge in bridges:
        await bridge.kill()
    if new_epochs:
        for camera in range(_CAMERAS):
            await store.open(camera_name(camera), "another", f"dead-{camera}")
    async with simulated_server(store, engine, _CAMERAS):
        await asyncio.sleep(_DESERTED)
    ends: Counter[str] = Counter()
    for event in store.stored().events:
        ends[event["sighting_id"]] += {"started": 1, "resumed": 1, "left": -1}.get(event["kind"], 0)
    tracks = Counter(link["sighting_id"] for link in store.stored().tracks if not link["ended"])
    return [sighting_id for sighting_id, open_tracks in tracks.items() if open_tracks and ends[sighting_id] > 0] + [
        sighting_id for sighting_id, begun in ends.items() if begun < 0
    ]


def test_whoever_was_announced_is_told_to_have_left() -> None:
    """Every sighting that began is told to have ended, also those that began beyond the watermark."""
    left_open = {
        seed: found for seed in range(_SEEDS) if (found := run_in_virtual_time(_not_told_to_have_left_once(seed)))
    }
    assert left_open == {}


def test_whoever_was_announced_in_an_earlier_epoch_is_told_to_have_left() -> None:
    """A server that dies between the opening of a new epoch and its first commit leaves no visit without an end."""
    left_open = {
        seed: found
        for seed in range(_SEEDS)
        if (found := run_in_virtual_time(_not_told_to_have_left_once(seed, new_epochs=True)))
    }
    assert left_open == {}
