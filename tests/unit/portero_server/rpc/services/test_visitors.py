"""VisitorService over a real connection and a real database."""

from __future__ import annotations

from datetime import timedelta

import grpc
import pytest
from portero.v1 import visitor_service_pb2 as pb
from portero.v1 import visitor_service_pb2_grpc

from portero_server.domain.people.visitors import StrangerFace, VisitorPolicy
from portero_server.engines.scripted import ScriptedEngine
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.visitor_erasure import StrangerEncoder, VisitorEraser
from portero_server.gallery.visitor_promotion import VisitorPromoter
from portero_server.rpc.services.visitors import VisitorServicer
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionStore
from portero_server.store.people import PeopleStore
from portero_server.store.sighting_reviews import ReviewFilter, SightingReviewStore
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import Assigned, VisitorStore
from portero_server.telemetry.metrics import Metrics
from tests.support.images.patch_photos import ANA, EVE, photo
from tests.support.server.rpc_edge import refusal_of
from tests.support.server.serving import Serve
from tests.support.store.visitors import GAP, Strangers
from tests.support.time.virtual_time import ManualClock


def _reviews(database: Database, clock: ManualClock) -> Reviews:
    return Reviews(
        SightingStore(database),
        DecisionStore(database),
        SightingReviewStore(database, clock),
        lambda position: None,
        Metrics(version="0", engine="scripted").decisions,
        clock,
        engine="scripted",
        demanded_for=timedelta(0),
    )


class Desk:
    """A client of the service, and the visitors behind it."""

    def __init__(self, database: Database) -> None:
        self.clock, self.engine = ManualClock(), ScriptedEngine()
        self.store = VisitorStore(database, self.clock, visit_gap=GAP)
        self.strangers = Strangers(StreamStore(database, self.clock), Recording(database, self.clock))
        encoder = StrangerEncoder(self.engine, VisitorPolicy(forgotten=0.03))
        metrics = Metrics(version="0", engine="scripted").visitors
        eraser = VisitorEraser(self.store, encoder, self.clock, metrics)
        promoter = VisitorPromoter(self.store, _reviews(database, self.clock), metrics)
        self.servicer = VisitorServicer(self.store, eraser, promoter, self.clock)
        self.client: visitor_service_pb2_grpc.VisitorServiceAsyncStub

    async def visitor(self, number: int, color: tuple[int, int, int] = ANA) -> str:
        """Stores a visitor, and returns the resource name."""
        visit = await self.strangers.comes(self.store, f"t{number}", 600.0 * number)
        version = self.engine.traits.model_version
        face = StrangerFace(tuple(part / 255 for part in color), 0.9)
        position = (await self.store.known(visit, version)).position
        stored = await self.store.assign(visit, None, [face], version, position)
        assert isinstance(stored, Assigned)
        self.clock.advance(1)
        return f"visitors/{stored.visitor_id}"


@pytest.fixture
async def desk(database: Database, serve: Serve) -> Desk:
    """A desk without visitors."""
    desk = Desk(database)
    edge = await serve([desk.servicer])
    desk.client = visitor_service_pb2_grpc.VisitorServiceStub(edge.channel)
    return desk


async def test_visitors_are_listed_in_pages_and_shown(desk: Desk) -> None:
    """The newest first; each with first and last visit, visits, cameras and encodings."""
    made = [await desk.visitor(number) for number in range(3)]
    first = await desk.client.ListVisitors(pb.ListVisitorsRequest(page_size=2))
    rest = await desk.client.ListVisitors(pb.ListVisitorsRequest(page_size=2, page_token=first.next_page_token))
    assert [each.name for each in (*first.visitors, *rest.visitors)] == made[::-1]
    assert rest.next_page_token == ""
    (shown,) = [(await desk.client.GetVisitor(pb.GetVisitorRequest(name=made[0]))).visitor]
    assert (shown.visit_count, list(shown.cameras), shown.encoding_count, shown.site) == (1, ["cameras/door"], 1, "")
    assert shown.last_seen_time.ToSeconds() - shown.first_seen_time.ToSeconds() == 20
    assert shown.encode_time == shown.last_seen_time
    assert not (await desk.client.ListVisitors(pb.ListVisitorsRequest(site="north"))).visitors


async def test_a_token_of_another_list_is_refused(desk: Desk) -> None:
    """A page goes on in the list that it is of."""
    for number in range(2):
        await desk.visitor(number)
    page = await desk.client.ListVisitors(pb.ListVisitorsRequest(page_size=1))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await desk.client.ListVisitors(pb.ListVisitorsRequest(site="north", page_token=page.next_page_token))
    assert refusal_of(caught.value).code is grpc.StatusCode.INVALID_ARGUMENT


async def test_merging_says_who_stays(desk: Desk) -> None:
    """Nobody is merged with themselves, or with somebody who is gone."""
    one, other = await desk.visitor(0), await desk.visitor(1)
    merged = (await desk.client.MergeVisitors(pb.MergeVisitorsRequest(name=one, other=other))).visitor
    assert (merged.name, merged.visit_count, merged.encoding_count) == (one, 2, 2)
    for name, code in ((one, grpc.StatusCode.INVALID_ARGUMENT), (other, grpc.StatusCode.NOT_FOUND)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await desk.client.MergeVisitors(pb.MergeVisitorsRequest(name=one, other=name))
        assert caught.value.code() is code


async def test_the_receipt_says_what_was_erased(desk: Desk) -> None:
    """By id, and by photo; asked for, every table is searched afterwards."""
    own, other, eve = await desk.visitor(0), await desk.visitor(1), await desk.visitor(2, EVE)
    forgotten = (await desk.client.ForgetVisitor(pb.ForgetVisitorRequest(name=own))).receipt
    assert (list(forgotten.visitors), forgotten.encodings, forgotten.sightings) == ([own], 1, 1)
    assert not forgotten.verified
    assert forgotten.HasField("overwrite_time")
    tried = (await desk.client.ForgetFace(pb.ForgetFaceRequest(image=photo(ANA), dry_run=True))).receipt
    assert (list(tried.visitors), tried.encodings) == ([other], 0)
    receipt = (await desk.client.ForgetFace(pb.ForgetFaceRequest(image=photo(ANA), verify=True))).receipt
    assert (list(receipt.visitors), receipt.verified, list(receipt.remains)) == ([other], True, [])
    listed = await desk.client.ListVisitors(pb.ListVisitorsRequest())
    assert [each.name for each in listed.visitors] == [eve]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await desk.client.ForgetVisitor(pb.ForgetVisitorRequest(name=own))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_promoted_visitor_is_a_person_from_then_on(desk: Desk, database: Database) -> None:
    """The answer says how many sightings are theirs, and what was erased; the caller is who said so."""
    await PeopleStore(database, desk.clock).create("ana", "Ana", {})
    own = await desk.visitor(0)
    request = pb.PromoteVisitorRequest(name=own, person="people/ana", note="the new cleaner")
    done = await desk.client.PromoteVisitor(request)
    assert (done.sightings, done.left, list(done.receipt.visitors)) == (1, 0, [own])
    assert (done.receipt.encodings, done.receipt.sightings, done.receipt.verified) == (1, 1, False)
    (review,) = await SightingReviewStore(database, desk.clock).list(ReviewFilter(), 10)
    assert (review.person_id, review.note, review.reviewer) == ("ana", "the new cleaner", "local")
    for changes, code in (
        ({"name": own}, grpc.StatusCode.NOT_FOUND),
        ({"person": "ana"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"note": "x" * 201}, grpc.StatusCode.INVALID_ARGUMENT),
    ):
        refused = pb.PromoteVisitorRequest(name=own, person="people/ana")
        for name, value in changes.items():
            setattr(refused, name, value)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await desk.client.PromoteVisitor(refused)
        assert caught.value.code() is code


@pytest.mark.parametrize("name", ["", "people/ana", "visitors/", "visitors/a/b"])
async def test_a_malformed_name_is_refused_with_its_field(desk: Desk, name: str) -> None:
    """It must be visitors/{visitor}."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await desk.client.GetVisitor(pb.GetVisitorRequest(name=name))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "visitors/{visitor}" in (caught.value.details() or "")
