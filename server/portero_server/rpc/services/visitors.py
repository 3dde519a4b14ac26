"""Implements VisitorService: strangers who are known again."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from datetime import UTC, datetime

from portero.v1 import visitor_service_pb2 as pb
from portero.v1 import visitor_service_pb2_grpc

from portero_server.clock import Clock
from portero_server.domain.people.privacy import checked_words
from portero_server.domain.people.visitors import Visitor
from portero_server.domain.recording.reviews import MOST_NOTE
from portero_server.errors import InvalidInput
from portero_server.gallery.visitor_erasure import ForgetReceipt, VisitorEraser
from portero_server.gallery.visitor_promotion import VisitorPromoter
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import time_to_proto
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.requests import Context, deadline_of
from portero_server.rpc.resource_names import camera_name, parse_person, parse_visitor, visitor_name
from portero_server.store.visitors import VisitorStore


class VisitorServicer(visitor_service_pb2_grpc.VisitorServiceServicer):
    """Reads, merges, promotes and forgets visitors."""

    def __init__(self, visitors: VisitorStore, eraser: VisitorEraser, promoter: VisitorPromoter, clock: Clock) -> None:
        self._visitors = visitors
        self._eraser = eraser
        self._promoter = promoter
        self._clock = clock

    async def GetVisitor(self, request: pb.GetVisitorRequest, context: Context) -> pb.GetVisitorResponse:
        """Returns a visitor."""
        visitor = await self._visitors.get(parse_visitor(request.name, "name"))
        return pb.GetVisitorResponse(visitor=visitor_to_proto(visitor))

    async def ListVisitors(self, request: pb.ListVisitorsRequest, context: Context) -> pb.ListVisitorsResponse:
        """Lists visitors, the newest first."""
        size = checked_page_size(request.page_size)
        listing = Listing("visitors", (request.site,))
        after = _cursor(listing.cursor(request.page_token, parts=2))
        page, last = cut(await self._visitors.list(size + 1, after, request.site or None), size)
        return pb.ListVisitorsResponse(
            visitors=[visitor_to_proto(visitor) for visitor in page],
            next_page_token=listing.token([last.created_at.isoformat(), last.visitor_id]) if last else "",
        )

    async def MergeVisitors(self, request: pb.MergeVisitorsRequest, context: Context) -> pb.MergeVisitorsResponse:
        """Makes two visitors one."""
        visitor_id, other_id = parse_visitor(request.name, "name"), parse_visitor(request.other, "other")
        if visitor_id == other_id:
            raise InvalidInput("other", "other must be another visitor than name")
        merged = await self._visitors.merge(visitor_id, other_id)
        return pb.MergeVisitorsResponse(visitor=visitor_to_proto(merged))

    async def PromoteVisitor(self, request: pb.PromoteVisitorRequest, context: Context) -> pb.PromoteVisitorResponse:
        """Makes a visitor a person."""
        visitor_id, person_id = parse_visitor(request.name, "name"), parse_person(request.person, "person")
        note = checked_words(request.note, "note", MOST_NOTE, required=False)
        done = await self._promoter.promote(visitor_id, person_id, note, current_caller().identity.subject)
        return pb.PromoteVisitorResponse(
            sightings=done.named, left=done.left, receipt=receipt_to_proto(ForgetReceipt(done.forgotten))
        )

    async def ForgetVisitor(self, request: pb.ForgetVisitorRequest, context: Context) -> pb.ForgetVisitorResponse:
        """Erases a visitor."""
        receipt = await self._eraser.forget(parse_visitor(request.name, "name"), verify=request.verify)
        return pb.ForgetVisitorResponse(receipt=receipt_to_proto(receipt))

    async def ForgetFace(self, request: pb.ForgetFaceRequest, context: Context) -> pb.ForgetFaceResponse:
        """Erases every visitor who matches a photo."""
        receipt = await self._eraser.forget_face(
            request.image,
            verify=request.verify,
            dry_run=request.dry_run,
            deadline=deadline_of(context, self._clock),
        )
        return pb.ForgetFaceResponse(receipt=receipt_to_proto(receipt))


def visitor_to_proto(visitor: Visitor) -> pb.Visitor:
    """Returns the Visitor message for a visitor."""
    newest = visitor.newest_encoding_at
    return pb.Visitor(
        name=visitor_name(visitor.visitor_id),
        site=visitor.site,
        create_time=time_to_proto(visitor.created_at),
        first_seen_time=time_to_proto(visitor.first_seen),
        last_seen_time=time_to_proto(visitor.last_seen),
        visit_count=visitor.visits,
        cameras=[camera_name(camera_id) for camera_id in visitor.cameras],
        encoding_count=visitor.encodings,
        encode_time=None if newest is None else time_to_proto(newest),
    )


def receipt_to_proto(receipt: ForgetReceipt) -> pb.ForgetReceipt:
    """Returns the ForgetReceipt message for what was forgotten."""
    forgotten = receipt.forgotten
    return pb.ForgetReceipt(
        visitors=[visitor_name(visitor_id) for visitor_id in forgotten.visitor_ids],
        forget_time=time_to_proto(forgotten.forgotten_at),
        encodings=forgotten.counts.get("visitor_encodings", 0),
        sightings=forgotten.counts.get("visitor_visits", 0),
        overwrite_time=None if forgotten.overwritten_at is None else time_to_proto(forgotten.overwritten_at),
        verified=receipt.remains is not None,
        remains=sorted(receipt.remains or ()),
    )


def _cursor(parts: tuple[str, ...] | None) -> tuple[datetime, str] | None:
    if parts is None:
        return None
    try:
        moment = datetime.fromisoformat(parts[0])
    except ValueError:
        raise malformed_token() from None
    if moment.tzinfo is None:
        raise malformed_token()
    try:
        return moment.astimezone(UTC), parts[1]
    except OverflowError:
        raise malformed_token() from None
