"""Visitors are forgotten by id and by photo, with a receipt."""

from __future__ import annotations

import pytest

from portero_server.domain.people.visitors import StrangerFace, VisitorPolicy
from portero_server.engines.base import PhotoRefused
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import FailedPrecondition, InvalidInput, NotFound
from portero_server.gallery.visitor_erasure import StrangerEncoder, VisitorEraser
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import Assigned, VisitorStore
from portero_server.telemetry.metrics import Metrics
from tests.support.images.patch_photos import ANA, EVE, photo
from tests.support.store.fixtures import database, database_url
from tests.support.store.visitors import GAP, Strangers
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url"]


def _face(color: tuple[int, int, int], off: float = 0.0) -> StrangerFace:
    red, green, blue = (part / 255 for part in color)
    return StrangerFace((red + off, green, blue), 0.9)


class Desk:
    """Visitors with the faces of the scripted engine, whose encodings are colors."""

    def __init__(self, database: Database) -> None:
        clock = ManualClock()
        self.engine = ScriptedEngine()
        self.metrics = Metrics(version="0", engine="scripted")
        self.store = VisitorStore(database, clock, visit_gap=GAP)
        self.strangers = Strangers(StreamStore(database, clock), Recording(database, clock))
        encoder = StrangerEncoder(self.engine, VisitorPolicy(forgotten=0.03))
        self.eraser = VisitorEraser(self.store, encoder, clock, self.metrics.visitors)
        self.unable = VisitorEraser(self.store, None, clock, self.metrics.visitors)
        self._count = 0

    async def visitor(self, color: tuple[int, int, int], off: float = 0.0) -> str:
        """Stores a visitor whose face has this color, or one so far from it."""
        self._count += 1
        visit = await self.strangers.comes(self.store, f"t{self._count}", 600.0 * self._count)
        version = self.engine.traits.model_version
        position = (await self.store.known(visit, version)).position
        stored = await self.store.assign(visit, None, [_face(color, off)], version, position)
        assert isinstance(stored, Assigned)
        return stored.visitor_id


@pytest.fixture
def desk(database: Database) -> Desk:
    """A desk without visitors."""
    return Desk(database)


async def test_everybody_who_matches_a_photo_is_forgotten(desk: Desk) -> None:
    """Two visitors of one person go, another one stays; a search of every table finds neither of them."""
    own = sorted([await desk.visitor(ANA), await desk.visitor(ANA, 0.02)])
    kept = await desk.visitor(EVE)
    tried = await desk.eraser.forget_face(photo(ANA), verify=False, dry_run=True, deadline=None)
    assert list(tried.forgotten.visitor_ids) == own
    assert len(await desk.store.list(10)) == 3
    receipt = await desk.eraser.forget_face(photo(ANA), verify=True, dry_run=False, deadline=None)
    assert list(receipt.forgotten.visitor_ids) == own
    assert receipt.remains == {}
    assert receipt.forgotten.counts == {
        "visitors": 2,
        "visitor_encodings": 2,
        "visitor_visits": 2,
        "review_pictures": 0,
        "snapshots": 0,
    }
    assert [each.visitor_id for each in await desk.store.list(10)] == [kept]
    assert desk.metrics.registry.get_sample_value("portero_visitor_forgotten_total") == 2
    again = await desk.eraser.forget_face(photo(ANA), verify=True, dry_run=False, deadline=None)
    assert again.forgotten.visitor_ids == ()


async def test_a_photo_without_one_face_forgets_nobody(desk: Desk) -> None:
    """It is refused like any other photo, and so is one where nothing encodes faces."""
    await desk.visitor(ANA)
    for bad, error in ((photo(), PhotoRefused), (photo(ANA, EVE), PhotoRefused), (b"no picture", InvalidInput)):
        with pytest.raises(error):
            await desk.eraser.forget_face(bad, verify=False, dry_run=False, deadline=None)
    with pytest.raises(FailedPrecondition, match="encodes faces"):
        await desk.unable.forget_face(photo(ANA), verify=False, dry_run=False, deadline=None)
    assert len(await desk.store.list(10)) == 1


async def test_a_visitor_is_forgotten_once(desk: Desk) -> None:
    """The second time nobody has the id; this needs no encoder."""
    own = await desk.visitor(ANA)
    receipt = await desk.unable.forget(own, verify=True)
    assert (receipt.forgotten.visitor_ids, receipt.remains) == ((own,), {})
    with pytest.raises(NotFound, match=own):
        await desk.unable.forget(own, verify=False)


async def test_visitors_of_another_model_are_not_compared(desk: Desk) -> None:
    """Their encodings say nothing of the photo; retention removes them."""
    visit = await desk.strangers.comes(desk.store, "old", 0)
    position = (await desk.store.known(visit, "older")).position
    await desk.store.assign(visit, None, [_face(ANA)], "older", position)
    receipt = await desk.eraser.forget_face(photo(ANA), verify=False, dry_run=False, deadline=None)
    assert receipt.forgotten.visitor_ids == ()
