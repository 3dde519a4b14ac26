"""A gallery imported from photos, killed in the middle, and moved to another machine and database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero_client import ConnectionSettings, Face, PorteroClient
from tests.support.images.patch_photos import Color, photo
from tests.support.processes.cut_import import cut_import, finished, started
from tests.support.processes.server_process import ended_server, running_server
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow

_PEOPLE = 100
_BAD = (
    b"words",
    photo(),
    photo((40, 80, 220), (220, 120, 40)),
    photo((40, 80, 220))[:300],
    b"",
    photo((9, 9, 255), side=4),
)
"""No picture, nobody, two people, half a file, an empty one, and a face too small: one person each has one of them."""


def _colors() -> Iterator[Color]:
    """Yields colors of which no two are alike."""
    for blue in (75, 120, 165, 210, 255):
        for green in (75, 120, 165, 210, 255):
            for red in (75, 120, 165, 210, 255):
                yield blue, green, red


def _written(folder: Path) -> dict[str, Color]:
    """Writes two photos of each person, six of them bad ones, and returns their colors."""
    people = {}
    letters = "abcdefghij"
    for number, color in zip(range(_PEOPLE), _colors(), strict=False):
        name = f"Person {letters[number // 10]}{letters[number % 10]}"
        people[name] = color
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(photo(color))
        second = _BAD[number // 15] if number % 15 == 7 and number // 15 < len(_BAD) else photo(color, side=90)
        (folder / name / "2.png").write_bytes(second)
    return people


async def _answers(address: str, people: dict[str, Color]) -> list[tuple[Face, ...]]:
    async with PorteroClient(ConnectionSettings(address, timeout=PATIENCE)) as client:
        return [await client.images.search(photo(color, side=70)) for color in list(people.values())[::9]]


async def test_an_import_is_killed_and_resumed_and_its_gallery_moved(tmp_path: Path, mariadb: MariaDB) -> None:
    """Each of 200 photos is in the report once and no face twice, and MariaDB's server answers as SQLite's did."""
    people = await asyncio.to_thread(_written, tmp_path / "people")
    report = tmp_path / "report.json"
    async with running_server(tmp_path, engine="scripted") as server, asyncio.timeout(PATIENCE):
        done = await cut_import(server.address, tmp_path / "people", report, kill_at=(40, 120))
        assert (done.kills, done.code) == (2, 4)
        assert len({line["photo"] for line in done.lines}) == len(done.lines) == 2 * _PEOPLE
        assert Counter(line["outcome"] for line in done.lines) == {"enrolled": 194, "refused": 6}
        assert all(line["message"] for line in done.lines if line["outcome"] == "refused")
        faces = [line["face"] for line in done.lines if line["outcome"] == "enrolled"]
        async with PorteroClient(ConnectionSettings(server.address)) as client:
            stored = [person async for person in client.people.list(page_size=1000)]
            assert {person.display_name for person in stored} == set(people)
            assert sum(person.face_count for person in stored) == len(set(faces)) == 194
        before = await _answers(server.address, people)
        code, _ = await finished(await started(server.address, "gallery", "export", tmp_path / "gallery"))
        assert code == 0
        assert await server.stop() == 0
    url = mariadb.create_schema("moved")
    (tmp_path / "new").mkdir()
    assert (await ended_server("migrate", tmp_path / "new", database_url=url))[0] == 0
    async with (
        running_server(tmp_path / "new", engine="scripted", database_url=url) as server,
        asyncio.timeout(PATIENCE),
    ):
        process = await started(server.address, "gallery", "import", tmp_path / "gallery")
        code, document = await finished(process)
        assert (code, document["imported"]["created"], document["imported"]["added_faces"]) == (0, _PEOPLE, 194)
        assert await _answers(server.address, people) == before
        assert sum(face.match is not None for (face,) in before) == len(before)
        code, document = await finished(await started(server.address, "gallery", "import", tmp_path / "gallery"))
        assert (code, document["imported"]["known_faces"], document["imported"]["added_faces"]) == (0, 194, 0)
        assert await server.stop() == 0
