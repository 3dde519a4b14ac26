"""ExportSightings over a real connection and a real database: pages, scope, and the audit trail."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import sighting_service_pb2 as pb
from portero.v1 import sighting_service_pb2_grpc

from portero_server.audit.trail import AuditTrail
from portero_server.domain.audit.chain import AuditOutcome
from portero_server.errors import LimitReached, StoreUnavailable
from portero_server.rpc.call_audit import CallAudit
from portero_server.telemetry.metrics import Metrics
from tests.support.server.audit_chains import MemoryLog
from tests.support.server.rpc_edge import refused, servicer
from tests.support.server.secured_server import FOREIGN, OWN, SecuredServer, secured_server
from tests.support.server.serving import House, Serve
from tests.support.store.commits import at, commit_of, decided
from tests.support.time.virtual_time import ManualClock

__all__ = ["secured_server"]

_CODE = grpc.StatusCode


def _stamp(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at(seconds))
    return stamp


def _request(**conditions: Any) -> pb.ExportSightingsRequest:
    return pb.ExportSightingsRequest(**{"start_time": _stamp(0), "end_time": _stamp(3600), **conditions})


async def _pages(house: House, request: pb.ExportSightingsRequest) -> list[pb.ExportSightingsResponse]:
    call: Any = house.sightings.ExportSightings(request)
    return [page async for page in call]


async def _people_at_the_door(house: House) -> None:
    await house.people.create("ana", "Ana", {})
    stream = await house.streams.open("door", "e1", "session-1")
    visits = [decided(f"t{number}", "ana" if number == 2 else None, number * 60) for number in range(5)]
    await house.recording.commit([commit_of(stream, *visits)])


async def test_an_export_goes_on_after_any_page(house: House) -> None:
    """Each cursor resumes behind its page, oldest first, and the last page has none."""
    await _people_at_the_door(house)
    pages = await _pages(house, _request(page_size=2))
    names = [row.sighting.name for page in pages for row in page.sightings]
    assert [len(page.sightings) for page in pages] == [2, 2, 1]
    assert len(set(names)) == 5
    assert [bool(page.next_cursor) for page in pages] == [True, True, False]
    begun = [row.sighting.first_seen_time.seconds for page in pages for row in page.sightings]
    assert begun == sorted(begun)
    resumed = await _pages(house, _request(page_size=2, cursor=pages[0].next_cursor))
    assert [row.sighting.name for page in resumed for row in page.sightings] == names[2:]
    (only,) = await _pages(house, _request(person="people/ana", camera="cameras/door"))
    assert [row.sighting.display_name for row in only.sightings] == ["Ana"]


async def test_an_empty_period_is_one_empty_last_page(house: House) -> None:
    """A client can tell that there is nothing from an interruption."""
    (page,) = await _pages(house, _request())
    assert (len(page.sightings), page.next_cursor) == (0, "")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ExportSightingsRequest(end_time=_stamp(1)), "start_time"),
        (pb.ExportSightingsRequest(start_time=_stamp(1)), "end_time"),
        (_request(end_time=_stamp(0)), "end_time"),
        (_request(end_time=_stamp(367 * 86_400)), "end_time"),
        (_request(end_time=Timestamp(seconds=2**60)), "end_time"),
        (_request(page_size=1001), "page_size"),
        (_request(cursor="?"), "cursor"),
        (_request(site="no site"), "site"),
        (_request(camera="door"), "camera"),
        (_request(person="ana"), "person"),
    ],
)
async def test_bad_request_names_the_field(house: House, request_: pb.ExportSightingsRequest, field: str) -> None:
    """Missing, inverted and overlong periods, malformed names, sizes and cursors are refused."""
    call: Any = house.sightings.ExportSightings(request_)
    refusal = await refused(call.read())
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))


async def test_a_cursor_holds_to_its_conditions(house: House) -> None:
    """A cursor of one export is refused under other conditions."""
    await _people_at_the_door(house)
    first, *_ = await _pages(house, _request(page_size=1))
    call: Any = house.sightings.ExportSightings(_request(page_size=1, site="lobby", cursor=first.next_cursor))
    refusal = await refused(call.read())
    assert (refusal.fields, refusal.reason) == (("cursor",), "PAGE_TOKEN_MISMATCH")


async def test_a_key_of_one_site_exports_no_other(secured_server: SecuredServer) -> None:
    """An export without a condition has own cameras alone, and a foreign site is refused whether it exists or not."""
    whole = _request(start_time=_stamp(-86_400), end_time=_stamp(86_400 * 300))
    for caller in secured_server.callers:
        if caller.role not in ("admin", "operator", "reader"):
            continue
        shown: dict[str, Any] = {"metadata": caller.metadata}
        exports: Any = sighting_service_pb2_grpc.SightingServiceStub(caller.channel)
        visible = {f"cameras/{OWN}"} if caller.scoped else {f"cameras/{OWN}", f"cameras/{FOREIGN}"}
        pages = [page async for page in exports.ExportSightings(whole, **shown)]
        assert {row.sighting.camera for page in pages for row in page.sightings} == visible
        if caller.scoped:
            limited = pb.ExportSightingsRequest(site="elsewhere")
            limited.MergeFrom(whole)
            refusal = await refused(exports.ExportSightings(limited, **shown).read())
            assert (refusal.code, refusal.reason) == (_CODE.PERMISSION_DENIED, "OUT_OF_SCOPE")


class Desk:
    """A server of exports whose trail is in memory."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.trail = AuditTrail(self.log, ManualClock(), Metrics(version="", engine="").audit)
        self.known_when_begun = 0
        self.fails = False
        self.stub: Any = None

    async def export(self, request: Any, context: Any) -> Any:
        """Returns a page, and breaks if told to."""
        self.known_when_begun = len(self.log.deeds)
        yield pb.ExportSightingsResponse(next_cursor="more")
        if self.fails:
            raise LimitReached("enough", retry_after=1, reason="TOO_MANY_EXPORTS")


@pytest.fixture
async def desk(serve: Serve) -> Desk:
    """A served desk."""
    made = Desk()
    service = servicer(sighting_service_pb2_grpc.SightingServiceServicer, ExportSightings=made.export)
    edge = await serve([service], audit=CallAudit(made.trail))
    made.stub = sighting_service_pb2_grpc.SightingServiceStub(edge.channel)
    return made


@pytest.mark.parametrize(
    ("conditions", "of"),
    [
        ({}, ""),
        ({"site": "lobby"}, "/sites/lobby"),
        ({"site": "lobby", "camera": "cameras/door"}, "/cameras/door"),
        ({"camera": "cameras/door", "person": "people/ana"}, "/people/ana"),
    ],
)
async def test_the_trail_says_who_exported_which_period(desk: Desk, conditions: dict[str, str], of: str) -> None:
    """The entry is committed before the first page: who, which period, and what it was limited to."""
    pages = [page async for page in desk.stub.ExportSightings(_request(**conditions))]
    assert (len(pages), desk.known_when_begun) == (1, 1)
    (asked,) = desk.log.deeds
    start, end = (at(seconds).isoformat().replace("+00:00", "Z") for seconds in (0, 3600))
    assert (asked.action, asked.actor.subject) == ("SightingService/ExportSightings", "local")
    assert (asked.outcome, asked.resource) == (AuditOutcome.ASKED, f"sightings/{start}~{end}{of}")


async def test_nothing_leaves_that_cannot_be_recorded(desk: Desk) -> None:
    """Without a database for the trail no page is sent."""
    desk.log.trouble = StoreUnavailable("away")
    refusal = await refused(desk.stub.ExportSightings(_request()).read())
    assert (refusal.code, desk.known_when_begun) == (_CODE.UNAVAILABLE, 0)


async def test_an_export_that_failed_is_told(desk: Desk) -> None:
    """A second entry has the reason."""
    desk.fails = True
    call = desk.stub.ExportSightings(_request())
    await call.read()
    await refused(call.read())
    await desk.trail.flush()
    assert [(each.outcome, each.reason) for each in desk.log.deeds] == [
        (AuditOutcome.ASKED, ""),
        (AuditOutcome.FAILED, "TOO_MANY_EXPORTS"),
    ]
