"""Erases people while frames of them keep coming, from streams and from spools, and looks whether anybody comes back.

    python -m tests.chaos.erasures --people 200

Two real servers share a MariaDB. Doors stream everybody again and again; meanwhile one person after the other is
erased, at one server or the other. Afterward everybody is replayed once more from files that a bridge's spool had
kept since before. Prints one JSON document; exit code 1 when anybody came back or a proof failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import cv2
import grpc
import numpy as np
from portero.v1 import stream_pb2

from portero_client import ConnectionSettings, FailedPrecondition, PorteroClient
from portero_client.streaming.frames import Frame
from portero_client.streaming.spool.spool import Spool, SpoolLimits, SpoolPolicy
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from tests.support.client.streaming import show
from tests.support.images.patch_photos import Color, photo
from tests.support.processes.server_process import running_server
from tests.support.store.mariadb import MariaDB

RATE = 8.0
GRACE = 2.0
"""Seconds after an erasure in which news that left the server before may still arrive."""
_SEEN = 3
_PLACES = tuple(product((40, 275, 510), (40, 300)))
_LIMITS = SpoolLimits(max_bytes=10**9, max_age=timedelta(days=1), policy=SpoolPolicy.DROP_OLDEST)


@dataclass(slots=True)
class Told:
    """What the doors were told; implements Audience.

    Attributes:
        erased: When each person's erasure was answered, monotonic seconds.
        names: How often somebody was named, of those still known.
        late: Names told within the grace.
        returned: Names told after it.
        strangers: Tracks that were nobody's.
    """

    erased: dict[str, float] = field(default_factory=dict)
    names: int = 0
    late: int = 0
    returned: list[str] = field(default_factory=list)
    strangers: int = 0

    def sending(self, sequence: int, starved: float) -> None:
        """A frame leaves."""

    def heard(self, answer: stream_pb2.StreamFramesResponse) -> None:
        """Takes note of whom the server names."""
        if answer.WhichOneof("message") != "track_update":
            return
        person = answer.track_update.match.person
        if not person:
            self.strangers += answer.track_update.state == stream_pb2.TRACK_STATE_CONFIRMED
        elif person not in self.erased:
            self.names += 1
        elif time.monotonic() - self.erased[person] <= GRACE:
            self.late += 1
        else:
            self.returned.append(person)


def colors(count: int) -> list[Color]:
    """Returns colors that are bright enough to be faces and far enough apart to be people."""
    steps = range(0, 256, 36)
    bright = [(b, g, r) for b, g, r in product(steps, steps, steps) if 0.11 * b + 0.59 * g + 0.3 * r > 80]
    if count > len(bright):
        raise SystemExit(f"error: at most {len(bright)} people can be told apart")
    return bright[:count]


def walk(people: Sequence[Color], chance: random.Random) -> Iterator[bytes]:
    """Yields frames in which everybody comes once, in any order, each at another place than the ones before."""
    order = list(people)
    chance.shuffle(order)
    for number, color in enumerate(order):
        left, top = _PLACES[number % len(_PLACES)]
        for step in range(_SEEN):
            picture = np.full((480, 640, 3), 8, np.uint8)
            picture[top : top + 90, left + 4 * step : left + 4 * step + 90] = color
            done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
            assert done
            yield bytes(data)


def spooled(path: Path, frames: Iterator[bytes]) -> None:
    """Keeps frames in a spool, as a bridge does that cannot reach its server."""
    spool, now = Spool(path, "e1", _LIMITS), datetime.now(UTC)
    for number, jpeg in enumerate(frames):
        spool.append(now + timedelta(seconds=number / RATE), jpeg, now)
    spool.close()


def replayed(path: Path) -> list[bytes]:
    """Returns the frames of a spool."""
    spool = Spool(path, "e1", _LIMITS)
    frames = [entry.jpeg for entry in spool.read_after(0, 10**6, 10**9) if isinstance(entry, Frame)]
    spool.close()
    return frames


async def _erase_all(
    people: Sequence[str], clients: Sequence[PorteroClient], told: Told, chance: random.Random
) -> list[float]:
    """Erases one after the other; gives how long each took, seconds."""
    seconds = []
    for person in people:
        began = time.monotonic()
        await chance.choice(clients).privacy.erase(person)
        told.erased[person] = time.monotonic()
        seconds.append(told.erased[person] - began)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
    return seconds


async def _proven(people: Sequence[tuple[str, Color]], clients: Sequence[PorteroClient]) -> dict[str, int]:
    """Asks for every proof, finds nobody on photographs, and gets no id again."""
    figures = {"receipts_clean": 0, "found_on_photographs": 0, "ids_given_out_again": 0}
    for number, (person, color) in enumerate(people):
        client = clients[number % len(clients)]
        figures["receipts_clean"] += (await client.privacy.verify_erasure(person)).clean
        faces = await client.images.search(photo(color))
        figures["found_on_photographs"] += any(face.match is not None for face in faces)
        try:
            await client.people.create("Again", person_id=person.removeprefix("people/"))
            figures["ids_given_out_again"] += 1
        except FailedPrecondition:
            pass
    return figures


def _stored_names(mariadb: MariaDB, schema: str) -> int:
    """Counts rows that still have a person or a name."""
    queries = (
        f"SELECT COUNT(*) FROM `{schema}`.sightings WHERE person_id IS NOT NULL OR display_name <> ''",
        f"SELECT COUNT(*) FROM `{schema}`.recognitions WHERE person_id IS NOT NULL",
        f"SELECT COUNT(*) FROM `{schema}`.streams WHERE open_tracks LIKE '%[\"p-%'",
    )
    return sum(int(mariadb.execute(query)[0][0]) for query in queries)


async def _migrated(url: str) -> None:
    # Not by a process of its own: on a busy machine that takes longer than a server may take to start.
    database = Database(url, pool_size=1, timeout=60)
    await migrate(database)
    await database.aclose()


async def run(people_count: int, doors: int, seed: int) -> dict[str, object]:
    """Does it all once and gives the figures."""
    chance = random.Random(seed)
    crowd = [(f"people/p-{number:03d}", color) for number, color in enumerate(colors(people_count))]
    palette = [color for _, color in crowd]
    told = Told()
    mariadb = MariaDB()
    mariadb.start()
    async with AsyncExitStack() as stack:
        stack.callback(mariadb.stop)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = mariadb.create_schema("erasures")
        settings = {"database_url": url, "engine": "scripted", "gallery_refresh": "1", "erasure_interval": "1"}
        await _migrated(url)
        servers = [await stack.enter_async_context(running_server(folder, **settings)) for _ in range(2)]
        clients = [
            await stack.enter_async_context(PorteroClient(ConnectionSettings(server.address))) for server in servers
        ]
        channels = [await stack.enter_async_context(grpc.aio.insecure_channel(server.address)) for server in servers]
        for number in range(doors):
            await clients[0].cameras.create(f"door-{number}")
            await clients[0].cameras.create(f"spool-{number}")
            spooled(folder / f"spool-{number}.db", walk(palette, chance))
        for person, color in crowd:
            await clients[0].people.create(person.upper(), person_id=person.removeprefix("people/"))
            await clients[0].people.enroll(person, photo(color))
        await asyncio.sleep(2.0)

        stop = asyncio.Event()

        def again(order: random.Random) -> Iterator[bytes]:
            while not stop.is_set():
                yield from walk(palette, order)

        began = datetime.now(UTC)
        async with asyncio.TaskGroup() as group:
            for number in range(doors):
                frames = again(random.Random(chance.random()))
                group.create_task(show(channels[number % 2], f"door-{number}", frames, RATE, began, told))
            # Everybody has been seen by somebody before the first is erased.
            await asyncio.sleep(people_count * _SEEN / RATE + 2.0)
            stored_before = _stored_names(mariadb, "erasures")
            seconds = await _erase_all([person for person, _ in crowd], clients, told, chance)
            stop.set()
        named_before = told.names
        async with asyncio.TaskGroup() as group:
            for number in range(doors):
                frames = iter(replayed(folder / f"spool-{number}.db"))
                group.create_task(show(channels[number % 2], f"spool-{number}", frames, RATE, began, told))
        await asyncio.sleep(3.0)
        proofs = await _proven(crowd, clients)
        return {
            "people": people_count,
            "doors": doors,
            "seed": seed,
            "named_before_erasure": named_before,
            "rows_with_names_before": stored_before,
            "told_within_grace": told.late,
            "came_back_to_a_door": len(told.returned),
            "rows_with_names_after": _stored_names(mariadb, "erasures"),
            "strangers": told.strangers,
            "erase_seconds_median": round(sorted(seconds)[len(seconds) // 2], 3),
            "erase_seconds_longest": round(max(seconds), 3),
            **proofs,
        }


def verdict(figures: dict[str, object]) -> list[str]:
    """Says what is wrong; nothing when all is well. A run that named nobody proves nothing."""
    people = figures["people"]
    assert isinstance(people, int)
    must = {
        "came_back_to_a_door": 0,
        "rows_with_names_after": 0,
        "found_on_photographs": 0,
        "ids_given_out_again": 0,
        "receipts_clean": people,
    }
    wrong = [f"{name} is {figures[name]}, must be {value}" for name, value in must.items() if figures[name] != value]
    for name in ("named_before_erasure", "rows_with_names_before"):
        found = figures[name]
        assert isinstance(found, int)
        if found < people:
            wrong.append(f"{name} is {found}: not everybody was seen before, so the run proves nothing")
    return wrong


def main() -> int:
    """Runs it and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--doors", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    figures = asyncio.run(run(arguments.people, arguments.doors, arguments.seed))
    wrong = verdict(figures)
    json.dump({**figures, "wrong": wrong}, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
