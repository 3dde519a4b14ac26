"""People imported and exported by the hundred, between store and engine."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.domain.people.transfer import FaceRecord, PersonRecord
from portero_server.engines.backed import BackedEngine
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import EngineUnavailable, FailedPrecondition, InvalidInput
from portero_server.gallery import transfer as transfer_module
from portero_server.gallery.mirror import GalleryMirror
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.telemetry.metrics import Metrics
from tests.support.server.gallery_transfer import transfer_of
from tests.support.time.virtual_time import ManualClock

_VERSION = "colors-v1"


def _color(*levels: float) -> bytes:
    return np.array(levels, "<f4").tobytes()


def _person(person_id: str, *colors: bytes) -> PersonRecord:
    return PersonRecord(person_id, person_id.title(), faces=tuple(map(FaceRecord, colors)))


class Place:
    """A gallery of colors, and what counts its transfers."""

    def __init__(self, database: Database) -> None:
        self.engine, self.metrics, clock = ScriptedEngine(), Metrics(version="0", engine="scripted"), ManualClock()
        people = PeopleStore(database, clock)
        mirror = GalleryMirror(self.engine, people, refresh=5)
        self.transfer = transfer_of(self.engine, database, people, mirror, clock, metrics=self.metrics)

    def counted(self, name: str, **labels: str) -> float:
        """Returns the value of a counter of the gallery."""
        return self.metrics.registry.get_sample_value(f"portero_gallery_{name}_people_total", labels) or 0.0


@pytest.fixture
def place(database: Database) -> Place:
    """An empty gallery."""
    return Place(database)


async def test_who_is_imported_is_searchable_at_once_and_counted(place: Place) -> None:
    """The engine knows the faces when the call returns; who was refused is told, and who was known."""
    people = [_person("ana", _color(1, 0, 0)), _person("bo", _color(0, 1, 0), b"1234"), _person("cy")]
    outcomes = await place.transfer.add(people, _VERSION)
    assert [(each.created, each.added_faces, each.reason) for each in outcomes] == [
        (True, 1, ""),
        (False, 0, "ENCODING_OF_OTHER_MODEL"),
        (True, 0, ""),
    ]
    assert "an encoding is not a color" in outcomes[1].message
    assert place.engine.calls["add"] == 1
    await place.transfer.add(people[:1], _VERSION)
    assert [place.counted("imported", outcome=word) for word in ("created", "known", "refused")] == [2, 1, 1]


async def test_encodings_of_another_model_are_refused_as_a_whole(place: Place) -> None:
    """Nothing is stored of a request for another model; people without faces need none."""
    with pytest.raises(FailedPrecondition, match="of the face model m2, and this server uses colors-v1") as refused:
        await place.transfer.add([_person("ana", _color(1, 0, 0))], "m2")
    assert refused.value.reason == "OTHER_MODEL"
    assert (await place.transfer.page(10, None)) == ([], None)
    assert (await place.transfer.add([_person("ana")], ""))[0].created


async def test_an_engine_that_keeps_its_faces_takes_no_encodings(database: Database) -> None:
    """It is told in words, with what to do instead."""
    clock, engine = ManualClock(), BackedEngine(ScriptedEngine(), ScriptedEngine())
    people = PeopleStore(database, clock)
    transfer = transfer_of(engine, database, people, GalleryMirror(engine, people, refresh=5), clock)
    with pytest.raises(FailedPrecondition, match="takes no encodings; import photos instead") as refused:
        await transfer.add([_person("ana", _color(1, 0, 0))], engine.traits.model_version)
    assert refused.value.reason == "ENCODINGS_NOT_TAKEN"


async def test_a_person_twice_in_one_request_is_refused(place: Place) -> None:
    """The request is refused before anything is stored."""
    with pytest.raises(InvalidInput, match="is the same person"):
        await place.transfer.add([_person("ana"), _person("ana")], _VERSION)


async def test_pages_end_where_a_message_would_be_too_large(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody comes once, whatever number is asked for, and each page has somebody."""
    people = [_person(f"p{number}", *(_color(number / 9, face / 9, 0) for face in range(3))) for number in range(7)]
    await place.transfer.add(people, _VERSION)
    monkeypatch.setattr(transfer_module, "_PAGE_BYTES", 80)
    for limit in (1, 3, 1000):
        found, after = list[str](), None
        while True:
            page, after = await place.transfer.page(limit, after)
            found += [record.person.person_id for record in page]
            if after is None:
                break
        assert found == [person.person_id for person in people]
    assert place.counted("exported") == 21


async def test_an_engine_that_is_away_does_not_undo_an_import(place: Place) -> None:
    """What is stored is durable, and reaches the engine when it is back."""
    place.engine.fail(EngineUnavailable("away"), 1)
    [outcome] = await place.transfer.add([_person("ana", _color(1, 0, 0))], _VERSION)
    assert outcome.added_faces == 1
