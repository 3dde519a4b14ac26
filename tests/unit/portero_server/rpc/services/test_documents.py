"""DocumentService over a real connection and a real database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import uuid4

import grpc
import pytest
import structlog
from portero.v1 import document_service_pb2 as pb
from portero.v1 import document_service_pb2_grpc

from portero_server.audit.trail import AuditTrail
from portero_server.documents.desk import CapturedCheckIn, LiveFace
from portero_server.engines.face_liveness import LivenessAnswer, LivenessState
from portero_server.errors import EngineUnavailable
from portero_server.rpc.call_audit import CallAudit
from portero_server.store.audit import AuditStore
from portero_server.store.database import Database
from portero_server.telemetry.metrics import Metrics
from tests.support.images.patch_photos import ANA, photo
from tests.support.server.check_in_parts import (
    PAULA,
    PEDRO,
    PICTURE,
    REGION,
    REGISTRY,
    CheckInHouse,
    TestVendor,
    contradictory,
    reading,
)
from tests.support.server.rpc_edge import refusal_of
from tests.support.server.serving import Serve
from tests.support.time.timeouts import PATIENCE


@dataclass(frozen=True, slots=True)
class Reception:
    """A client of the service, and what stands behind it."""

    stub: document_service_pb2_grpc.DocumentServiceAsyncStub
    house: CheckInHouse

    async def check_in(self, camera: str = "") -> pb.CheckIn:
        """Checks somebody in with pictures."""
        request = pb.StartCheckInRequest(images=_images(), camera=camera)
        return (await self.stub.StartCheckIn(request)).check_in


def _images() -> pb.CheckInImages:
    return pb.CheckInImages(document_images=[photo(ANA), photo(ANA)], live_image=photo(ANA))


@pytest.fixture
async def reception(database: Database, serve: Serve) -> Reception:
    """A service whose camera "desk" streams here."""
    house = CheckInHouse(database)
    await house.cameras.create("desk", display_name="Desk")
    edge = await serve([house.servicer()])
    return Reception(document_service_pb2_grpc.DocumentServiceStub(edge.channel), house)


async def test_a_document_is_read(reception: Reception) -> None:
    """A reading has every field with its sources, agreement, digits and place."""
    answer = await reception.stub.ReadDocument(pb.ReadDocumentRequest(images=[photo(ANA)]))
    assert answer.paid_calls == 1
    assert answer.document.kind == pb.DOCUMENT_KIND_ID_CARD_2013
    assert list(answer.document.sides) == [pb.DOCUMENT_SIDE_FRONT, pb.DOCUMENT_SIDE_BACK]
    run = answer.document.fields[0]
    assert (run.field, run.value, run.agreement) == (pb.DOCUMENT_FIELD_RUN, PAULA, pb.FIELD_AGREEMENT_AGREES)
    printed, mrz = run.sources
    assert (printed.zone, printed.side, mrz.zone) == (
        pb.DOCUMENT_ZONE_PRINT,
        pb.DOCUMENT_SIDE_FRONT,
        pb.DOCUMENT_ZONE_MRZ,
    )
    assert printed.HasField("box")
    assert not mrz.HasField("box")
    assert mrz.check_digit
    assert not answer.document.fields[2].sources[0].HasField("check_digit")


async def test_a_check_in_is_told_as_a_whole(reception: Reception) -> None:
    """The answer has result, every check also of those that are not made, document, faces and guest."""
    imported = await reception.stub.ImportGuests(
        pb.ImportGuestsRequest(guests=[pb.Guest(display_name="Paula Soto", run="20.111.222-" + PAULA[-1])])
    )
    told = await reception.check_in(camera="cameras/desk")
    assert told.result == pb.CHECK_IN_RESULT_ACCEPTED
    assert told.admitted
    assert (told.camera, told.registry_uri, told.paid_calls) == ("cameras/desk", REGISTRY, 2)
    assert (told.guest_status, told.guest) == (pb.GUEST_STATUS_EXPECTED, imported.guests[0].name)
    outcomes = {check.name: check.outcome for check in told.checks}
    assert outcomes[pb.CHECK_NAME_FACE] == pb.CHECK_OUTCOME_PASSED
    for never in (pb.CHECK_NAME_LIVENESS, pb.CHECK_NAME_QR_AUTHENTICITY, pb.CHECK_NAME_REGISTRY):
        assert outcomes[never] == pb.CHECK_OUTCOME_NOT_CHECKED
    assert told.face.similarity == 0.9
    assert not told.HasField("liveness")
    again = await reception.stub.GetCheckIn(pb.GetCheckInRequest(name=told.name))
    assert again.check_in == told
    listed = await reception.stub.ListGuests(pb.ListGuestsRequest())
    assert listed.guests[0].check_in == told.name
    reception.house.reader.answer = contradictory(PAULA, PEDRO)
    doubtful = await reception.check_in()
    assert doubtful.result == pb.CHECK_IN_RESULT_REVIEW
    assert pb.CHECK_IN_REASON_FIELDS_DIFFER in doubtful.reasons
    assert doubtful.document.fields[0].agreement == pb.FIELD_AGREEMENT_DIFFERS


async def test_a_camera_s_check_in_is_canceled_and_reviewed(reception: Reception) -> None:
    """A check-in at a camera returns while it runs, alone; canceled, it says so and cannot be decided about."""
    begun = (await reception.stub.StartCheckIn(pb.StartCheckInRequest(camera="cameras/desk"))).check_in
    assert begun.state == pb.CHECK_IN_STATE_RUNNING
    assert begun.expire_time.seconds - begun.create_time.seconds == 60
    with pytest.raises(grpc.aio.AioRpcError) as second:
        await reception.stub.StartCheckIn(pb.StartCheckInRequest(camera="cameras/desk"))
    assert second.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert refusal_of(second.value).reason == "CHECK_IN_RUNNING"
    assert begun.name in str(second.value.details())
    again = await reception.stub.StartCheckIn(pb.StartCheckInRequest(camera="cameras/desk", replace=True))
    replaced = (await reception.stub.GetCheckIn(pb.GetCheckInRequest(name=begun.name))).check_in
    assert replaced.failure == pb.CHECK_IN_FAILURE_SUPERSEDED
    begun = again.check_in
    canceled = (await reception.stub.CancelCheckIn(pb.CancelCheckInRequest(name=begun.name))).check_in
    assert (canceled.state, canceled.failure) == (pb.CHECK_IN_STATE_FAILED, pb.CHECK_IN_FAILURE_CANCELED)
    review = pb.Review(decision=pb.REVIEW_DECISION_REJECTED, reason="not the guest")
    request = pb.ReviewCheckInRequest(name=begun.name, review=review)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reception.stub.ReviewCheckIn(request)
    assert refusal_of(refused.value).reason == "NOT_FINISHED"
    request.name = (await reception.check_in()).name
    reviewed = (await reception.stub.ReviewCheckIn(request)).check_in
    assert not reviewed.admitted
    assert (reviewed.review.decision, reviewed.review.reason) == (pb.REVIEW_DECISION_REJECTED, "not the guest")
    assert reviewed.review.HasField("review_time")


async def test_a_liveness_session_is_told_while_it_runs(database: Database, serve: Serve) -> None:
    """The device's page finds session, region and time in the check-in; where they are off, asking is refused."""
    house = CheckInHouse(database, vendor=TestVendor([LivenessAnswer(LivenessState.FAILED)]))
    await house.cameras.create("desk", display_name="Desk")
    asked = pb.StartCheckInRequest(camera="cameras/desk", liveness=True)
    stub = document_service_pb2_grpc.DocumentServiceStub((await serve([house.servicer()])).channel)
    begun = (await stub.StartCheckIn(asked)).check_in
    session = begun.liveness_session
    assert session.session_id.startswith("session-of-")
    assert (session.region, session.result) == (REGION, pb.LIVENESS_RESULT_UNSPECIFIED)
    assert session.expire_time == begun.expire_time
    await house.service.captured(
        begun.name.partition("/")[2], CapturedCheckIn(reading(), (PICTURE,), LiveFace(PICTURE))
    )
    done = (await stub.GetCheckIn(pb.GetCheckInRequest(name=begun.name))).check_in
    assert done.liveness_session.result == pb.LIVENESS_RESULT_FAILED
    assert (done.result, list(done.reasons)) == (pb.CHECK_IN_RESULT_REVIEW, [pb.CHECK_IN_REASON_LIVENESS_FAILED])
    off = document_service_pb2_grpc.DocumentServiceStub((await serve([CheckInHouse(database).servicer()])).channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await off.StartCheckIn(asked)
    assert refusal_of(refused.value).reason == "LIVENESS_OFF"


async def test_lists_have_pages_and_conditions(reception: Reception) -> None:
    """Pages continue where the one before ended, and only under the same conditions."""
    names = [(await reception.check_in()).name for _ in range(3)]
    first = await reception.stub.ListCheckIns(pb.ListCheckInsRequest(page_size=2, run=PAULA))
    rest = await reception.stub.ListCheckIns(
        pb.ListCheckInsRequest(page_size=2, run=PAULA, page_token=first.next_page_token)
    )
    assert sorted(each.name for each in (*first.check_ins, *rest.check_ins)) == sorted(names)
    assert rest.next_page_token == ""
    undecided = await reception.stub.ListCheckIns(pb.ListCheckInsRequest(undecided=True))
    assert {each.result for each in undecided.check_ins} == {pb.CHECK_IN_RESULT_REVIEW}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reception.stub.ListCheckIns(pb.ListCheckInsRequest(page_token=first.next_page_token))
    assert refusal_of(refused.value).reason == "PAGE_TOKEN_MISMATCH"


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("ReadDocument", pb.ReadDocumentRequest(), "images"),
        ("StartCheckIn", pb.StartCheckInRequest(), "camera"),
        ("StartCheckIn", pb.StartCheckInRequest(camera="cameras/desk", request_id="x"), "request_id"),
        ("StartCheckIn", pb.StartCheckInRequest(images=pb.CheckInImages()), "images.document_images"),
        ("StartCheckIn", pb.StartCheckInRequest(images=_images(), liveness=True), "liveness"),
        ("GetCheckIn", pb.GetCheckInRequest(name="people/ana"), "name"),
        ("ListCheckIns", pb.ListCheckInsRequest(run="20111222-0"), "run"),
        ("ReviewCheckIn", pb.ReviewCheckInRequest(name="checkIns/a"), "review.decision"),
        (
            "ReviewCheckIn",
            pb.ReviewCheckInRequest(name="checkIns/a", review=pb.Review(decision=pb.REVIEW_DECISION_ACCEPTED)),
            "review.reason",
        ),
        ("WatchCheckIns", pb.WatchCheckInsRequest(after_position=10**9), "after_position"),
        ("ExportHolder", pb.ExportHolderRequest(), "holder"),
        ("EraseHolder", pb.EraseHolderRequest(holder=pb.Holder(run=PAULA, document_number="1")), "holder"),
        ("EraseHolder", pb.EraseHolderRequest(holder=pb.Holder(run="123")), "holder.run"),
        ("ImportGuests", pb.ImportGuestsRequest(), "guests"),
        ("ImportGuests", pb.ImportGuestsRequest(guests=[pb.Guest()]), "guests[0].display_name"),
        ("ImportGuests", pb.ImportGuestsRequest(guests=[pb.Guest(display_name="A", run="1-1")]), "guests[0].run"),
        (
            "ImportGuests",
            pb.ImportGuestsRequest(guests=[pb.Guest(display_name="A", arrival_date="today")]),
            "guests[0].arrival_date",
        ),
        ("ListGuests", pb.ListGuestsRequest(arrival_date="2026-02-30"), "arrival_date"),
        ("DeleteGuest", pb.DeleteGuestRequest(name="guest"), "name"),
    ],
)
async def test_what_cannot_be_used_is_refused_by_its_field(
    reception: Reception, method: str, request_: object, field: str
) -> None:
    """A malformed request is refused with the path of the field, and never repeats what stood there."""
    call = getattr(reception.stub, method)(request_)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await (call.read() if method == "WatchCheckIns" else call)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    refusal = refusal_of(refused.value)
    assert refusal.fields == (field,)
    assert "20111222" not in str(refused.value.details())


async def _change(
    watch: grpc.aio.UnaryStreamCall[pb.WatchCheckInsRequest, pb.WatchCheckInsResponse],
) -> pb.WatchCheckInsResponse:
    """Returns the next message of a watch."""
    change = await watch.read()
    assert isinstance(change, pb.WatchCheckInsResponse)
    return change


async def test_a_watcher_sees_each_change(reception: Reception) -> None:
    """A watcher gets check-ins as they begin and end, and resumes after the position it knows."""
    watch = reception.stub.WatchCheckIns(pb.WatchCheckInsRequest(), timeout=PATIENCE)
    here = (await _change(watch)).position
    begun = (await reception.stub.StartCheckIn(pb.StartCheckInRequest(camera="cameras/desk"))).check_in
    assert (await _change(watch)).check_in == begun
    canceled = (await reception.stub.CancelCheckIn(pb.CancelCheckInRequest(name=begun.name))).check_in
    assert (await _change(watch)).check_in == canceled
    watch.cancel()
    request = pb.WatchCheckInsRequest(after_position=here, camera="cameras/desk")
    again = reception.stub.WatchCheckIns(request, timeout=PATIENCE)
    change = await _change(again)
    assert change.check_in == canceled
    assert change.position > here
    again.cancel()


async def test_rights_of_a_holder(reception: Reception) -> None:
    """What is stored of a RUN is exported, erased with a receipt, and then gone; a guest is removed by name."""
    await reception.check_in()
    guests = [pb.Guest(display_name="Paula", run=PAULA), pb.Guest(display_name="Eva Sol", reference="R1")]
    added = await reception.stub.ImportGuests(pb.ImportGuestsRequest(guests=guests, request_id=str(uuid4())))
    again = await reception.stub.ImportGuests(pb.ImportGuestsRequest(guests=guests))
    assert (len(added.guests), added.known_count) == (2, 0)
    assert (len(again.guests), again.known_count) == (0, 2)
    holder = pb.Holder(run=PAULA)
    export = await reception.stub.ExportHolder(pb.ExportHolderRequest(holder=holder))
    assert [record.kind for record in export.records] == ["check_in", "guest"]
    assert json.loads(export.records[0].json)["run"] == PAULA
    receipt = (await reception.stub.EraseHolder(pb.EraseHolderRequest(holder=holder))).erasure
    assert receipt.sound
    assert {each.place: each.count for each in receipt.removed} == {"check_ins": 1, "guests": 1}
    with pytest.raises(grpc.aio.AioRpcError) as gone:
        await reception.stub.ExportHolder(pb.ExportHolderRequest(holder=holder))
    assert gone.value.code() is grpc.StatusCode.NOT_FOUND
    assert PAULA not in str(gone.value.details())
    eva = next(guest.name for guest in added.guests if guest.display_name == "Eva Sol")
    await reception.stub.DeleteGuest(pb.DeleteGuestRequest(name=eva))
    assert (await reception.stub.ListGuests(pb.ListGuestsRequest())).guests == []
    check_in = await reception.check_in()
    assert (await reception.stub.EraseCheckIn(pb.EraseCheckInRequest(name=check_in.name))).erasure.sound


async def test_nothing_of_a_card_is_in_logs_or_audit(database: Database, serve: Serve) -> None:
    """Neither log lines nor audit entries hold a name, a RUN, a document number or a reason in somebody's words."""
    house = CheckInHouse(database)
    await house.cameras.create("desk", display_name="Desk")
    entries = AuditStore(database)
    trail = AuditTrail(entries, house.clock, Metrics(version="0", engine="scripted").audit)
    edge = await serve([house.servicer()], audit=CallAudit(trail))
    stub = document_service_pb2_grpc.DocumentServiceStub(edge.channel)
    told = reading()
    secrets = ("PAULA", "SOTO", PAULA, "501234567", "1990-04-05", "limps")
    with structlog.testing.capture_logs() as logs:
        check_in = (await stub.StartCheckIn(pb.StartCheckInRequest(images=_images()))).check_in
        house.reader.answer = EngineUnavailable("the engine is away")
        await stub.StartCheckIn(pb.StartCheckInRequest(images=_images()))
        house.reader.answer = told
        begun = (await stub.StartCheckIn(pb.StartCheckInRequest(camera="cameras/desk"))).check_in
        review = pb.Review(decision=pb.REVIEW_DECISION_ACCEPTED, reason="limps")
        await stub.ReviewCheckIn(pb.ReviewCheckInRequest(name=check_in.name, review=review))
        await stub.ImportGuests(pb.ImportGuestsRequest(guests=[pb.Guest(display_name="PAULA SOTO", run=PAULA)]))
        await stub.ExportHolder(pb.ExportHolderRequest(holder=pb.Holder(run=PAULA)))
        await stub.EraseHolder(pb.EraseHolderRequest(holder=pb.Holder(run=PAULA)))
        await stub.CancelCheckIn(pb.CancelCheckInRequest(name=begun.name))
    await trail.flush()
    written, _ = await entries.page(0, 1000)
    deeds = [(entry.deed.action, entry.deed.resource, entry.deed.reason) for entry in written]
    assert ("DocumentService/StartCheckIn", check_in.name, "") in deeds
    assert ("DocumentService/ReviewCheckIn", check_in.name, "accepted") in deeds
    assert any(action == "DocumentService/EraseHolder" and name.startswith("erasures/") for action, name, _ in deeds)
    assert any(line["event"] == "check_in_not_read" for line in logs)
    for secret in secrets:
        assert secret not in str(deeds) + str(logs)
