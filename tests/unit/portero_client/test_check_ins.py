"""Documents, check-ins and guests, by both clients against a fake server."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest
from portero.v1 import document_service_pb2 as pb2
from portero.v1 import privacy_service_pb2

from portero_client import (
    BlockingPorteroClient,
    CheckInReason,
    CheckInResult,
    CheckInState,
    CheckName,
    CheckOutcome,
    DocumentField,
    DocumentKind,
    DocumentSide,
    DocumentZone,
    FieldAgreement,
    GuestStatus,
    InvalidArgument,
    LivenessResult,
    LivenessSession,
    NewGuest,
    PorteroClient,
    ReviewDecision,
)
from tests.support.client.documents import READING, SESSION, check_in
from tests.support.client.server import FakeServer

RECEIPT = privacy_service_pb2.Erasure(name="erasures/e1", sound=True)
GUEST = pb2.Guest(name="guests/g1", display_name="Ana Luz", run="20111222-9", arrival_date="2026-11-27")


def _answers(server: FakeServer) -> None:
    done = check_in()
    server.documents.answers = {
        "ReadDocument": [pb2.ReadDocumentResponse(document=READING, paid_calls=1)],
        "StartCheckIn": [
            pb2.StartCheckInResponse(check_in=done),
            pb2.StartCheckInResponse(check_in=check_in(running=True)),
        ],
        "GetCheckIn": [
            pb2.GetCheckInResponse(check_in=check_in(running=True)),
            pb2.GetCheckInResponse(check_in=done),
        ],
        "ListCheckIns": [
            pb2.ListCheckInsResponse(check_ins=[done], next_page_token="more"),
            pb2.ListCheckInsResponse(check_ins=[check_in("c2", accepted=False)]),
        ],
        "CancelCheckIn": [pb2.CancelCheckInResponse(check_in=done)],
        "ReviewCheckIn": [pb2.ReviewCheckInResponse(check_in=done)],
        "EraseCheckIn": [pb2.EraseCheckInResponse(erasure=RECEIPT)],
        "ExportHolder": [
            pb2.ExportHolderResponse(records=[privacy_service_pb2.ExportRecord(kind="check_in", json="{}")])
        ],
        "EraseHolder": [pb2.EraseHolderResponse(erasure=RECEIPT)],
        "ImportGuests": [pb2.ImportGuestsResponse(guests=[GUEST], known_count=2)],
        "ListGuests": [pb2.ListGuestsResponse(guests=[GUEST])],
        "DeleteGuest": [pb2.DeleteGuestResponse()],
    }
    server.documents.changes = [
        pb2.WatchCheckInsResponse(position=4),
        pb2.WatchCheckInsResponse(position=5, check_in=done),
    ]


async def test_what_the_server_tells_is_the_sdk_s(server: FakeServer) -> None:
    """Readings, checks, faces and times come as dataclasses, and a word of a newer server as UNSPECIFIED."""
    _answers(server)
    async with PorteroClient(server.address) as client:
        read = await client.documents.read(b"x", b"y")
        assert (read.paid_calls, read.document.kind) == (1, DocumentKind.ID_CARD_2013)
        assert read.document.value(DocumentField.RUN) == "20111222-9"
        assert read.document.value(DocumentField.SEX) == ""
        assert read.document.sides == (DocumentSide.FRONT, DocumentSide.BACK)
        run = read.document.fields[0]
        assert run.agreement is FieldAgreement.AGREES
        assert (run.sources[0].zone, run.sources[0].check_digit) == (DocumentZone.MRZ, True)
        done = await client.documents.check_in(b"x", live=b"z", camera="desk")
        assert (done.result, done.admitted, done.running) == (CheckInResult.ACCEPTED, True, False)
        assert done.checks[1].name is CheckName.REGISTRY
        assert done.checks[1].outcome is CheckOutcome.NOT_CHECKED
        assert done.face is not None
        assert done.face.similarity == 0.7
        assert done.liveness is not None
        assert done.liveness.cues == ("moves_as_one",)
        assert done.liveness_session is None
        assert (done.guest_status, done.review) == (GuestStatus.EXPECTED, None)
        assert done.finish_time == datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)
        newer = check_in("c3", accepted=False)
        newer.liveness_session.CopyFrom(SESSION)
        newer.liveness_session.result = pb2.LIVENESS_RESULT_OTHER_FACE
        newer.reasons.append(999)  # type: ignore[arg-type]  # a number from the future
        server.documents.answers["GetCheckIn"].insert(0, pb2.GetCheckInResponse(check_in=newer))
        told = await client.documents.get("c3")
        assert told.liveness_session == LivenessSession(
            "3b6e0d9e-session", "us-east-1", datetime(2026, 1, 1, 0, 1, tzinfo=UTC), LivenessResult.OTHER_FACE
        )
        assert told.reasons == (CheckInReason.FACE_DOUBTFUL, CheckInReason.UNSPECIFIED)


async def test_what_is_asked_reaches_the_server(server: FakeServer) -> None:
    """Arguments become fields, a request that may be repeated has an id, and a check-in at a camera is waited for."""
    _answers(server)
    async with PorteroClient(server.address) as client:
        await client.documents.check_in(b"x", b"y", live=b"z")
        begun = await client.documents.start("cameras/desk", replace=True, liveness=True)
        assert begun.state is CheckInState.RUNNING
        assert not (await client.documents.wait(begun.name)).running
        listed = [
            each.name
            async for each in client.documents.list(run="20111222-9", result=CheckInResult.REVIEW, undecided=True)
        ]
        assert listed == ["checkIns/c1", "checkIns/c2"]
        await client.documents.review("c1", ReviewDecision.REJECTED, "not the guest")
        imported = await client.documents.import_guests([NewGuest("Ana Luz", arrival_date=date(2026, 11, 27))])
        assert (imported.known_count, imported.guests[0].arrival_date) == (2, date(2026, 11, 27))
    pictures, started, *_, reviewed, guests = server.documents.asked
    assert isinstance(pictures, pb2.StartCheckInRequest)
    assert (list(pictures.images.document_images), pictures.images.live_image) == ([b"x", b"y"], b"z")
    assert isinstance(started, pb2.StartCheckInRequest)
    assert (started.camera, started.HasField("images"), started.replace) == ("cameras/desk", False, True)
    assert started.liveness
    assert pictures.request_id != started.request_id != ""
    assert isinstance(reviewed, pb2.ReviewCheckInRequest)
    assert reviewed.review.decision == pb2.REVIEW_DECISION_REJECTED
    assert isinstance(guests, pb2.ImportGuestsRequest)
    assert guests.guests[0].arrival_date == "2026-11-27"
    with pytest.raises(InvalidArgument, match="one or two pictures"):
        await client.documents.read()


async def test_a_watch_of_check_ins_returns_what_changed(server: FakeServer) -> None:
    """A watch returns check-ins and their positions, and passes over positions without one."""
    _answers(server)
    async with PorteroClient(server.address) as client, client.watch_check_ins(camera="desk", after=3) as changes:
        change = await anext(changes)
        assert (change.position, change.check_in.name, changes.position) == (5, "checkIns/c1", 5)
    (request,) = server.documents.asked
    assert isinstance(request, pb2.WatchCheckInsRequest)
    assert (request.after_position, request.camera) == (3, "cameras/desk")


async def test_a_thread_does_the_same(server: FakeServer) -> None:
    """The blocking client has every method, as plain function calls."""
    _answers(server)

    def work() -> None:
        with BlockingPorteroClient(server.address) as client:
            assert client.documents.read(b"x").paid_calls == 1
            done = client.documents.check_in(b"x", live=b"z")
            assert client.documents.start("desk").running
            assert client.documents.wait("c1") == done
            assert [each.name for each in client.documents.list()] == ["checkIns/c1", "checkIns/c2"]
            assert client.documents.cancel("c1") == done
            assert client.documents.review("c1", ReviewDecision.ACCEPTED, "seen") == done
            assert client.documents.erase("c1").sound
            assert [each.kind for each in client.documents.export_holder(run="20111222-9")] == ["check_in"]
            assert client.documents.erase_holder(document_number="X1").name == "erasures/e1"
            assert client.documents.import_guests([NewGuest("Ana")]).known_count == 2
            assert [each.display_name for each in client.documents.guests()] == ["Ana Luz"]
            client.documents.delete_guest("g1")
            with client.watch_check_ins(after=4) as changes:
                assert next(changes).check_in == done

    await asyncio.to_thread(work)
    assert {name for name, answers in server.documents.answers.items() if answers} == set()
