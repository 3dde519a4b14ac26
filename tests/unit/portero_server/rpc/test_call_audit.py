"""Calls leave entries in the audit trail: every RPC has a row, and nothing is done that the trail does not know."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message_factory import GetMessageClass
from portero.v1 import (
    audit_service_pb2,
    audit_service_pb2_grpc,
    document_service_pb2,
    gallery_service_pb2,
    gallery_service_pb2_grpc,
)

from portero_server.audit.trail import AuditTrail
from portero_server.domain.access.identities import LOCAL_ADMIN
from portero_server.domain.audit.chain import AuditOutcome, Deed
from portero_server.errors import StoreUnavailable
from portero_server.rpc.auth.caller import Caller
from portero_server.rpc.call_audit import AUDITED, CallAudit, NotRecorded, Recorded, resource_of, words_of
from portero_server.rpc.server import service_names
from portero_server.rpc.services.audit import AuditServicer, NoAnchors
from portero_server.store.audit import AuditStore
from portero_server.store.database import Database
from portero_server.telemetry.metrics import Metrics
from tests.support.server.audit_chains import MOMENT, MemoryLog, deed
from tests.support.server.rpc_edge import servicer
from tests.support.server.serving import Serve
from tests.support.time.virtual_time import ManualClock

GALLERY = gallery_service_pb2_grpc.GalleryServiceServicer


def all_methods() -> set[str]:
    """Returns every method of the services that a server offers."""
    pool = descriptor_pool.Default()
    return {f"{name}/{method.name}" for name in service_names() for method in pool.FindServiceByName(name).methods}


def test_every_rpc_has_a_row() -> None:
    """Each RPC of the protos is in the table, and the table names no other."""
    assert set(AUDITED) == all_methods()


def test_whoever_is_not_recorded_has_a_reason() -> None:
    """A row that records nothing says why, and none of these changes or removes anything."""
    for method, row in AUDITED.items():
        if isinstance(row, NotRecorded):
            assert len(row.because.split()) > 3
            verb = method.partition("/")[2]
            assert not verb.startswith(("Create", "Update", "Delete", "Enroll", "Search", "Erase", "Export", "Revoke"))


@pytest.mark.parametrize("method", sorted(method for method, row in AUDITED.items() if isinstance(row, Recorded)))
def test_rows_fit_their_messages(method: str) -> None:
    """Each row reads its method's own request and response, empty ones too."""
    service, _, name = method.partition("/")
    described = descriptor_pool.Default().FindServiceByName(service).FindMethodByName(name)
    row = AUDITED[method]
    assert isinstance(row, Recorded)
    assert resource_of(row.resource, GetMessageClass(described.input_type)()) == ""
    assert words_of(row.details, GetMessageClass(described.input_type)()) == ""
    assert resource_of(row.made, GetMessageClass(described.output_type)()) == ""


def test_nothing_but_names_is_taken() -> None:
    """What stands where a resource's name belongs and is none, as a person's own name, is not recorded."""
    naming = AUDITED["portero.v1.GalleryService/DeletePerson"]
    assert isinstance(naming, Recorded)
    request = gallery_service_pb2.DeletePersonRequest
    assert resource_of(naming.resource, request(name="people/ana")) == "people/ana"
    for written in ("Ana Núñez", "people/Ana Núñez", "ana", "people/ana\n", "people/" + "x" * 200):
        assert resource_of(naming.resource, request(name=written)) == ""
    mask = FieldMask(paths=["display_name", "Ana Núñez", "labels"])
    update = AUDITED["portero.v1.GalleryService/UpdatePerson"]
    assert isinstance(update, Recorded)
    assert words_of(update.details, gallery_service_pb2.UpdatePersonRequest(update_mask=mask)) == "display_name,labels"


def test_a_video_of_a_face_is_on_record() -> None:
    """The entry of a check-in says whether it asked for a liveness session, whose video goes to the vendor."""
    row = AUDITED["portero.v1.DocumentService/StartCheckIn"]
    assert isinstance(row, Recorded)
    asked = document_service_pb2.StartCheckInRequest(camera="cameras/desk", liveness=True)
    assert words_of(row.details, asked) == "liveness"


class Desk:
    """A gallery that says what it did, on a server whose trail is in memory."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.trail = AuditTrail(self.log, ManualClock(), Metrics(version="", engine="").audit)
        self.done: list[str] = []
        self.known_when_done: list[list[Deed]] = []
        self.fails = False
        self.stub: Any = None

    async def create(self, request: Any, context: Any) -> gallery_service_pb2.CreatePersonResponse:
        """Creates somebody, or breaks."""
        self.known_when_done.append(self.log.deeds)
        if self.fails:
            raise RuntimeError("Ana Núñez could not be created")
        self.done.append(request.person_id)
        return gallery_service_pb2.CreatePersonResponse(person=gallery_service_pb2.Person(name="people/minted"))

    async def list(self, request: Any, context: Any) -> gallery_service_pb2.ListPeopleResponse:
        """Lists nobody."""
        return gallery_service_pb2.ListPeopleResponse()


@pytest.fixture
async def desk(serve: Serve) -> Desk:
    """A served desk."""
    made = Desk()
    edge = await serve([servicer(GALLERY, CreatePerson=made.create, ListPeople=made.list)], audit=CallAudit(made.trail))
    made.stub = gallery_service_pb2_grpc.GalleryServiceStub(edge.channel)
    return made


def create(name: str = "Ana Núñez") -> gallery_service_pb2.CreatePersonRequest:
    """Returns the request to create somebody."""
    return gallery_service_pb2.CreatePersonRequest(
        person_id="ana", person=gallery_service_pb2.Person(display_name=name)
    )


async def test_a_change_is_recorded_before_it_is_done(desk: Desk) -> None:
    """When the handler begins, the entry is committed: who, what, of what and from where; what was made follows."""
    await desk.stub.CreatePerson(create())
    ((asked,),) = desk.known_when_done
    assert (asked.action, asked.resource, asked.outcome) == (
        "GalleryService/CreatePerson",
        "people/ana",
        AuditOutcome.ASKED,
    )
    assert (asked.actor.subject, asked.actor.peer, asked.actor.method) == ("local", "127.0.0.1", "none")
    await desk.trail.flush()
    made = desk.log.deeds[-1]
    assert (made.outcome, made.resource) == (AuditOutcome.DONE, "people/minted")


async def test_a_change_that_cannot_be_recorded_is_not_done(desk: Desk) -> None:
    """Without a database for the trail the call is refused as unavailable, and nothing happens."""
    desk.log.trouble = StoreUnavailable("away")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await desk.stub.CreatePerson(create())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert desk.done == []
    await desk.stub.ListPeople(gallery_service_pb2.ListPeopleRequest())


async def test_a_change_that_failed_is_told(desk: Desk) -> None:
    """A handler that fails leaves a second entry with the reason, and no word of what it was about."""
    desk.fails = True
    with pytest.raises(grpc.aio.AioRpcError):
        await desk.stub.CreatePerson(create())
    await desk.trail.flush()
    assert [(each.outcome, each.reason) for each in desk.log.deeds] == [
        (AuditOutcome.ASKED, ""),
        (AuditOutcome.FAILED, "INTERNAL"),
    ]


async def test_nobody_is_named(desk: Desk) -> None:
    """The name of the person is in no entry."""
    await desk.stub.CreatePerson(create("Ana Núñez"))
    await desk.trail.flush()
    assert "Núñez" not in json.dumps([repr(each) for each in desk.log.deeds], ensure_ascii=False)


async def test_reading_leaves_no_entry(desk: Desk) -> None:
    """A call whose row says that it is not recorded is not."""
    await desk.stub.ListPeople(gallery_service_pb2.ListPeopleRequest())
    await desk.trail.flush()
    assert desk.log.deeds == []


async def test_refusals_are_noted() -> None:
    """Whoever may not, and whoever is not known, is noted with what was tried, the reason and the address."""
    log = MemoryLog()
    trail = AuditTrail(log, ManualClock(), Metrics(version="", engine="").audit)
    audit = CallAudit(trail)
    method = "portero.v1.GalleryService/DeletePerson"
    audit.denied(Caller(LOCAL_ADMIN, "192.0.2.7"), method, "ROLE_MISSING", "cameras/door")
    audit.failed_login("192.0.2.8", method, "KEY_REVOKED", "k1")
    await trail.flush()
    denied, failed = log.deeds
    assert (denied.outcome, denied.actor.peer, denied.reason) == (AuditOutcome.DENIED, "192.0.2.7", "ROLE_MISSING")
    assert (denied.action, denied.resource) == ("GalleryService/DeletePerson", "cameras/door")
    assert (failed.outcome, failed.actor.peer, failed.actor.credential) == (AuditOutcome.NO_LOGIN, "192.0.2.8", "k1")


async def test_the_service_lists_and_verifies(database: Database, serve: Serve) -> None:
    """Entries are listed newest first through pages, and a check tells the end, and an anchor that differs."""
    store = AuditStore(database)
    await store.append([deed(number) for number in range(5)], MOMENT)
    trail = AuditTrail(store, ManualClock(), Metrics(version="", engine="").audit)
    edge = await serve([AuditServicer(trail, NoAnchors())])
    stub = audit_service_pb2_grpc.AuditServiceStub(edge.channel)
    positions: list[int] = []
    token = ""
    while True:
        page = await stub.ListAuditEntries(audit_service_pb2.ListAuditEntriesRequest(page_size=2, page_token=token))
        positions += [entry.position for entry in page.entries]
        token = page.next_page_token
        if not token:
            break
    assert positions == [5, 4, 3, 2, 1]
    sound = await stub.VerifyAudit(audit_service_pb2.VerifyAuditRequest())
    assert not sound.findings
    assert sound.head.count == 5
    forged = audit_service_pb2.AuditAnchor(count=3, digest="0" * 64)
    told = await stub.VerifyAudit(audit_service_pb2.VerifyAuditRequest(anchors=[forged, sound.head]))
    assert [finding.tampering for finding in told.findings] == [audit_service_pb2.AUDIT_TAMPERING_REWRITTEN]
    assert told.anchor_count == 2


@pytest.mark.parametrize(
    ("anchor", "field"),
    [
        (audit_service_pb2.AuditAnchor(count=0, digest="0" * 64), "anchors[0].count"),
        (audit_service_pb2.AuditAnchor(count=1, digest="xyz"), "anchors[0].digest"),
    ],
)
async def test_an_anchor_that_is_none_is_refused(
    anchor: audit_service_pb2.AuditAnchor, field: str, database: Database, serve: Serve
) -> None:
    """A malformed anchor is refused by its field."""
    trail = AuditTrail(AuditStore(database), ManualClock(), Metrics(version="", engine="").audit)
    edge = await serve([AuditServicer(trail, NoAnchors())])
    stub = audit_service_pb2_grpc.AuditServiceStub(edge.channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.VerifyAudit(audit_service_pb2.VerifyAuditRequest(anchors=[anchor]))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in str(caught.value.details())
