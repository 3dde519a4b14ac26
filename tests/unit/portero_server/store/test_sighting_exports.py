"""Sightings as they are exported, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.recording.export_range import ExportedSighting, ExportRange
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.sighting_exports import SightingExportStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import at, commit_of, decided
from tests.support.store.plans import plans_of

_HOUR = 3600
_VISITS = [
    # camera, person, hours after eight; three begin at once
    ("door", "ana", 0.0),
    ("door", None, 0.0),
    ("desk", "ana", 0.0),
    ("gone", None, 1.0),
    ("desk", None, 1.5),
    ("door", "ben", 2.0),
    ("desk", "ben", 30.0),
]
_WHOLE = ExportRange(at(0), at(40 * _HOUR))

Told = list[tuple[str, str | None, float, str]]


@pytest.fixture
async def exports(
    database: Database, recording: Recording, streams: StreamStore, people: PeopleStore, cameras: CameraStore
) -> SightingExportStore:
    """The visits above; the camera `gone` is not registered any more."""
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id.title(), {})
    for camera_id, site in (("door", "north"), ("desk", "south")):
        await cameras.create(camera_id, display_name=camera_id, site=site)
    owned = {camera: await streams.open(camera, "e1", camera) for camera in ("door", "desk", "gone")}
    await recording.commit(
        [
            commit_of(owned[camera], decided(f"t{number}", person, hours * _HOUR))
            for number, (camera, person, hours) in enumerate(_VISITS)
        ]
    )
    return SightingExportStore(database)


def _told(found: list[ExportedSighting]) -> Told:
    """Returns (camera, person, hours after eight, site), sightings that began at once by their names."""
    return [
        (
            each.sighting.camera_id,
            each.sighting.person_id,
            (each.sighting.first_seen - at(0)).seconds / _HOUR,
            each.site,
        )
        for each in found
    ]


async def _read(
    exports: SightingExportStore, which: ExportRange, size: int, within: frozenset[str] | None = None
) -> list[ExportedSighting]:
    found: list[ExportedSighting] = []
    while page := await exports.page(which, size, found[-1].cursor if found else None, within):
        found += page
    return found


async def test_pages_of_any_size_hold_everything_once_and_in_order(exports: SightingExportStore) -> None:
    """Sightings that begin at once are neither lost nor repeated where a page ends between them."""
    whole = await _read(exports, _WHOLE, 100)
    places = [(each.sighting.first_seen, each.sighting.sighting_id) for each in whole]
    assert places == sorted(places)
    assert len(set(places)) == len(_VISITS)
    for size in (1, 2, 3):
        assert await _read(exports, _WHOLE, size) == whole


async def test_each_tells_the_site_its_camera_belongs_to_now(
    exports: SightingExportStore, cameras: CameraStore
) -> None:
    """A deleted camera's sightings are of no site, and a camera that moves takes its own along."""
    assert {(camera, site) for camera, _, _, site in _told(await _read(exports, _WHOLE, 9))} == {
        ("door", "north"),
        ("desk", "south"),
        ("gone", ""),
    }
    await cameras.update("door", site="south")
    assert {camera for camera, *_ in _told(await _read(exports, replace(_WHOLE, site="south"), 9))} == {"door", "desk"}
    assert await _read(exports, replace(_WHOLE, site="north"), 9) == []


async def test_conditions_add_up(exports: SightingExportStore) -> None:
    """Site, camera, person, scope and period each narrow an export; the period takes its start, and not its end."""

    async def hours(which: ExportRange, within: frozenset[str] | None = None) -> list[float]:
        return [each for _, _, each, _ in _told(await _read(exports, which, 2, within))]

    assert await hours(replace(_WHOLE, site="north")) == [0, 0, 2]
    assert await hours(replace(_WHOLE, camera_id="desk", end=at(9 * _HOUR))) == [0, 1.5]
    assert await hours(replace(_WHOLE, person_id="ana")) == [0, 0]
    assert await hours(replace(_WHOLE, person_id="ana", camera_id="desk", site="south")) == [0]
    assert await hours(replace(_WHOLE, person_id="ana", camera_id="desk", site="north")) == []
    assert await hours(_WHOLE, frozenset({"gone"})) == [1]
    assert await hours(_WHOLE, frozenset()) == []
    assert await hours(replace(_WHOLE, start=at(_HOUR), end=at(2 * _HOUR))) == [1, 1.5]


@pytest.mark.parametrize(
    ("which", "index"),
    [
        (_WHOLE, "ix_sightings_time"),
        (replace(_WHOLE, site="north"), "ix_sightings_time"),
        (replace(_WHOLE, camera_id="door"), "ix_sightings_camera"),
        (replace(_WHOLE, person_id="ana"), "ix_sightings_person"),
        (replace(_WHOLE, person_id="ana", camera_id="door"), "ix_sightings_visit"),
    ],
    ids=["all", "site", "camera", "person", "both"],
)
async def test_a_page_goes_on_in_an_index(
    database: Database, exports: SightingExportStore, which: ExportRange, index: str
) -> None:
    """A page is read from its place on, in the order of the index, without a sort."""
    (first,) = await exports.page(_WHOLE, 1, None, None)
    *_, plan = await plans_of(database, exports.page(which, 2, first.cursor, None))
    # SQLite takes the index of a person for a person at a camera: either has the order.
    assert index in plan or (database.dialect == "sqlite" and index == "ix_sightings_visit")
    assert "TEMP B-TREE" not in plan
    assert "filesort" not in plan
