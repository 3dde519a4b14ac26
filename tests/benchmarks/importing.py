"""Importing a gallery at full size: encodings without a picture, and photos, both killed in the middle and run again.

    python -m tests.benchmarks.importing [--people 10000] [--photos 5000] [--engine local] [--only encodings photos]

Encodings go in through encodings.npy and labels.json, out again, and into a server with the other kind of database,
whose answers are compared. Photos are made from two public-domain portraits, three of a hundred are bad, and the report
must have each of them once. Exits with 1 if anything is not as it must be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portero_client import ConnectionSettings, PorteroClient
from portero_server.engines.local.encode.resnet import TRAITS
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import collins, hopper
from tests.support.processes.cut_import import cut_import, finished, started
from tests.support.processes.server_process import ended_server, running_server
from tests.support.store.mariadb import MariaDB

_PATIENCE = 3600.0
_PROBES = 25
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LENGTH = 1.4
"""Of dlib's encodings; other people's are some 0.8 apart."""


def main() -> int:
    """Runs what was asked for; the exit code says whether all was as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000, help="with an encoding each")
    parser.add_argument("--photos", type=int, default=5_000, help="two a person, three of a hundred bad")
    parser.add_argument("--engine", choices=("local", "scripted"), default="local", help="what enrolls the photos")
    parser.add_argument("--only", nargs="+", choices=("encodings", "photos"), default=("encodings", "photos"))
    given = parser.parse_args()
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="portero-import-") as folder:
        if "encodings" in given.only:
            faults += asyncio.run(_encodings(Path(folder) / "encodings", given.people))
        if "photos" in given.only:
            faults += asyncio.run(_photos(Path(folder) / "photos", given.photos, given.engine))
    for fault in faults:
        print(f"WRONG: {fault}")
    return 1 if faults else 0


def _names(count: int) -> list[str]:
    """Returns different names, without digits."""
    return [f"Person {''.join(_LETTERS[n // 26**place % 26] for place in range(4))}" for n in range(count)]


@contextmanager
def _timed(what: str, count: int) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds = time.monotonic() - began
    print(f"{what}: {seconds:.1f} s, {count / seconds:,.0f}/s", flush=True)


def _people_near_dlib_s_center(count: int) -> NDArray[np.float64]:
    """Returns encodings of as many people, as far from each other as people are."""
    center = np.array(TRAITS.place.center)
    offsets = np.random.default_rng(1).normal(size=(count, TRAITS.length))
    vectors = center + 0.5 * offsets / np.linalg.norm(offsets, axis=1, keepdims=True)
    return np.asarray(_LENGTH * vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


async def _encodings(folder: Path, count: int) -> list[str]:
    source = folder / "in"
    source.mkdir(parents=True)
    np.save(source / "encodings.npy", _people_near_dlib_s_center(count))
    (source / "labels.json").write_text(json.dumps(_names(count)))
    faults: list[str] = []
    mariadb = MariaDB()
    mariadb.start()
    try:
        (folder / "a").mkdir()
        async with running_server(folder / "a", _PATIENCE, engine="local") as server:
            faults += await _cut_gallery_import(server.address, source, count)
            with _timed("gallery export, SQLite", count):
                await _done(server.address, "gallery", "export", folder / "gallery")
            with _timed("gallery export --encodings", count):
                await _done(server.address, "gallery", "export", folder / "out", "--encodings")
            before = await _probed(server.address, folder)
            await server.stop()
        numbers = np.load(source / "encodings.npy").astype(np.float32)
        exported = dict(
            zip(
                json.loads((folder / "out/labels.json").read_text()), np.load(folder / "out/encodings.npy"), strict=True
            )
        )
        same = all(np.array_equal(exported[name], row) for name, row in zip(_names(count), numbers, strict=True))
        faults += [] if same else ["the exported encodings are not those that were imported"]
        (folder / "b").mkdir()
        url = mariadb.create_schema("moved")
        await ended_server("migrate", folder / "b", database_url=url)
        async with running_server(folder / "b", _PATIENCE, engine="local", database_url=url) as server:
            with _timed("gallery import, empty MariaDB", count):
                document = await _done(server.address, "gallery", "import", folder / "gallery")
            faults += [] if document["imported"]["created"] == count else [f"imported: {document['imported']}"]
            faults += [] if await _probed(server.address, folder) == before else ["MariaDB's server answers otherwise"]
            await server.stop()
    finally:
        mariadb.stop()
    return faults


async def _cut_gallery_import(address: str, source: Path, count: int) -> list[str]:
    """Imports encodings into an empty server, killed once somebody is there, and again to the end."""
    began = time.monotonic()
    process = await started(address, "gallery", "import", source)
    while process.returncode is None and await _stored(address) == 0:  # noqa: ASYNC110 - only the server knows
        await asyncio.sleep(0.05)
    killed = process.returncode is None
    if killed:
        process.kill()
    await process.communicate()
    there = await _stored(address)
    print(f"gallery import killed after {time.monotonic() - began:.1f} s with {there} people stored", flush=True)
    with _timed("gallery import, the rest of it, SQLite", count - there):
        document = await _done(address, "gallery", "import", source)
    done = document["imported"]
    faults = [] if killed and 0 < there < count else ["it was over before it could be killed"]
    if (done["created"], done["known"], done["added_faces"]) != (count - there, there, count - there):
        faults.append(f"after {there} people were there, the import said {done}")
    if await _stored(address) != count:
        faults.append(f"{await _stored(address)} people are stored, not {count}")
    with _timed("gallery import, all of it again", count):
        again = (await _done(address, "gallery", "import", source))["imported"]
    return faults if again["known_faces"] == count else [*faults, f"the same import again said {again}"]


async def _stored(address: str) -> int:
    async with PorteroClient(ConnectionSettings(address, timeout=60.0)) as client:
        return len([person async for person in client.people.list(page_size=1000)])


async def _done(address: str, *arguments: str | Path) -> dict[str, Any]:
    code, document = await finished(await started(address, *arguments))
    if code:
        raise SystemExit(f"portero {' '.join(map(str, arguments))} ended with {code}")
    return document


async def _probed(address: str, folder: Path) -> list[object]:
    """Returns what a server answers to photos, with similarities."""
    async with PorteroClient(ConnectionSettings(address, image_timeout=60.0)) as client:
        pictures = [
            _jpeg(_varied(portrait(), random.Random(seed))) for seed in range(_PROBES) for portrait in (collins, hopper)
        ]
        answers = [await client.images.search(picture, max_candidates=5) for picture in pictures[:_PROBES]]
    return [
        (face.match is not None, candidate.person, round(candidate.similarity, 5))
        for faces in answers
        for face in faces
        for candidate in face.candidates
    ]


async def _photos(folder: Path, count: int, engine: str) -> list[str]:
    bad = await asyncio.to_thread(_written, folder / "people", count)
    report = folder / "report.json"
    (folder / "server").mkdir()
    async with running_server(folder / "server", _PATIENCE, engine=engine) as server:
        with _timed(f"people import of {count} photos, {bad} bad, killed twice", count):
            done = await cut_import(server.address, folder / "people", report, kill_at=(count // 4, count // 2))
        outcomes = Counter(line["outcome"] for line in done.lines)
        print(
            f"kills {done.kills}; {dict(outcomes)}; {Counter(line['reason'] for line in done.lines if line['reason'])}"
        )
        faces = [line["face"] for line in done.lines if line["outcome"] == "enrolled"]
        async with PorteroClient(ConnectionSettings(server.address, timeout=60.0)) as client:
            stored = [person async for person in client.people.list(page_size=1000)]
        await server.stop()
    faults = []
    if done.kills != 2 or len(done.lines) != count or len({line["photo"] for line in done.lines}) != count:
        faults.append(f"{done.kills} kills, {len(done.lines)} lines for {count} photos")
    if outcomes != {"enrolled": count - bad, "refused": bad}:
        faults.append(f"the report says {dict(outcomes)}, and {bad} photos are bad")
    if not sum(person.face_count for person in stored) == len(set(faces)) == len(faces):
        faults.append(f"{sum(person.face_count for person in stored)} faces are stored of {len(faces)} reported")
    return faults


def _written(folder: Path, count: int) -> int:
    """Writes the photos, two of each person; returns how many are bad."""
    bad, names = 0, _names(count)
    for number in range(count):
        name = names[number // 2]
        (folder / name).mkdir(parents=True, exist_ok=True)
        chance = random.Random(number)
        picture = _jpeg(_varied((collins, hopper)[number // 2 % 2](), chance))
        if number % 33 == 7:
            picture = (b"words", _jpeg(np.full((240, 320, 3), 120, np.uint8)), picture[:400])[bad % 3]
            bad += 1
        (folder / name / f"{number % 2 + 1}.jpg").write_bytes(picture)
    return bad


def _varied(portrait: Pixels, chance: random.Random) -> Pixels:
    """Returns another photo of a portrait: smaller, shifted, lighter or darker."""
    # A face is 63 pixels wide at least: below 60 it is refused as too small.
    side = round(360 * chance.uniform(1.0, 1.15))
    small = cv2.resize(
        portrait, (side, round(side * portrait.shape[0] / portrait.shape[1])), interpolation=cv2.INTER_AREA
    )
    shifted = small[chance.randrange(6) :, chance.randrange(6) :]
    return np.asarray(
        cv2.convertScaleAbs(shifted, alpha=chance.uniform(0.9, 1.1), beta=chance.uniform(-8, 8)), np.uint8
    )


def _jpeg(picture: Pixels) -> bytes:
    done, data = cv2.imencode(".jpg", picture)
    assert done
    return bytes(data)


if __name__ == "__main__":
    raise SystemExit(main())
