"""Implements DocumentService: reading documents, check-ins, their holders' rights, and expected guests."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

from portero.v1 import document_service_pb2 as pb
from portero.v1 import document_service_pb2_grpc, privacy_service_pb2

from portero_server.clock import Clock
from portero_server.documents.arrivals import GuestList, NewGuest, checked_holder, checked_run
from portero_server.documents.needs import CheckInPictures
from portero_server.documents.service import CheckInService
from portero_server.domain.documents.check_in import CheckIn, Holder, Review
from portero_server.domain.people.privacy import checked_words
from portero_server.errors import InvalidInput, NotFound
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import time_from_proto
from portero_server.rpc.document_convert import (
    SiteFacts,
    change_to_proto,
    check_in_to_proto,
    decision_from_proto,
    document_to_proto,
    guest_to_proto,
    result_from_proto,
)
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.privacy_convert import erasure_to_proto
from portero_server.rpc.requests import Context, deadline_of
from portero_server.rpc.resource_names import parse_camera, parse_check_in, parse_guest
from portero_server.store.check_in_filter import CheckInCursor, CheckInFilter
from portero_server.store.check_ins import CheckInStore
from portero_server.store.holders import HolderStore
from portero_server.watching.watch import Watch, Watcher

_LONGEST_REASON = 200


class DocumentServicer(document_service_pb2_grpc.DocumentServiceServicer):
    """Reads documents and checks people in."""

    def __init__(
        self,
        service: CheckInService,
        check_ins: CheckInStore,
        holders: HolderStore,
        arrivals: GuestList,
        watch: Watch[CheckIn],
        clock: Clock,
        site: SiteFacts,
    ) -> None:
        self._service = service
        self._check_ins = check_ins
        self._holders = holders
        self._arrivals = arrivals
        self._watch = watch
        self._clock = clock
        self._site = site

    async def ReadDocument(self, request: pb.ReadDocumentRequest, context: Context) -> pb.ReadDocumentResponse:
        """Reads a document from one or two pictures, and stores nothing."""
        reading, paid_calls = await self._service.read(request.images, deadline_of(context, self._clock))
        return pb.ReadDocumentResponse(document=document_to_proto(reading), paid_calls=paid_calls)

    async def StartCheckIn(self, request: pb.StartCheckInRequest, context: Context) -> pb.StartCheckInResponse:
        """Begins a check-in from a camera's stream, or makes one with pictures."""
        if not request.HasField("images"):
            camera_id = parse_camera(request.camera, "camera")
            check_in = await self._service.start(
                camera_id, request.request_id, replace=request.replace, liveness=request.liveness
            )
            return pb.StartCheckInResponse(check_in=self._to_proto(check_in))
        if request.liveness:
            raise InvalidInput("liveness", "liveness goes with a camera's stream; leave it out, or the images")
        place = parse_camera(request.camera, "camera") if request.camera else None
        pictures = CheckInPictures(request.images.document_images, request.images.live_image)
        deadline = deadline_of(context, self._clock)
        check_in = await self._service.check_in(pictures, place, deadline, request.request_id)
        return pb.StartCheckInResponse(check_in=self._to_proto(check_in))

    async def GetCheckIn(self, request: pb.GetCheckInRequest, context: Context) -> pb.GetCheckInResponse:
        """Returns a check-in."""
        return pb.GetCheckInResponse(check_in=self._to_proto(await self._visible(request.name)))

    async def ListCheckIns(self, request: pb.ListCheckInsRequest, context: Context) -> pb.ListCheckInsResponse:
        """Lists check-ins, latest first."""
        size = checked_page_size(request.page_size)
        which = _filter(request)
        listing = _listing(which)
        cursor = _cursor(listing.cursor(request.page_token, parts=2))
        page, last = cut(await self._check_ins.list(which, size + 1, cursor), size)
        return pb.ListCheckInsResponse(
            check_ins=[self._to_proto(check_in) for check_in in page],
            next_page_token=listing.token([last.created_at.isoformat(), last.check_in_id]) if last else "",
        )

    async def CancelCheckIn(self, request: pb.CancelCheckInRequest, context: Context) -> pb.CancelCheckInResponse:
        """Ends a check-in that runs."""
        found = await self._visible(request.name)
        return pb.CancelCheckInResponse(check_in=self._to_proto(await self._service.cancel(found.check_in_id)))

    async def ReviewCheckIn(self, request: pb.ReviewCheckInRequest, context: Context) -> pb.ReviewCheckInResponse:
        """Stores a person's decision about a check-in."""
        review = Review(
            decision_from_proto(request.review.decision, "review.decision"),
            checked_words(request.review.reason, "review.reason", _LONGEST_REASON),
            current_caller().identity.subject,
            self._clock.now(),
        )
        found = await self._visible(request.name)
        return pb.ReviewCheckInResponse(check_in=self._to_proto(await self._service.decide(found.check_in_id, review)))

    async def WatchCheckIns(
        self, request: pb.WatchCheckInsRequest, context: Context
    ) -> AsyncIterator[pb.WatchCheckInsResponse]:
        """Streams check-ins as they change."""
        after = request.after_position if request.HasField("after_position") else None
        camera_id = parse_camera(request.camera, "camera") if request.camera else None
        caller = current_caller()
        watcher = Watcher(caller.identity.subject, caller.identity.scope.key)
        watch = self._watch.watch(after, camera_id, caller.authorized, watcher)
        async with aclosing(watch) as watched:
            async for change in watched:
                yield change_to_proto(change, self._site)

    async def EraseCheckIn(self, request: pb.EraseCheckInRequest, context: Context) -> pb.EraseCheckInResponse:
        """Erases a check-in permanently."""
        erasure = await self._holders.erase_check_in(parse_check_in(request.name, "name"))
        return pb.EraseCheckInResponse(erasure=erasure_to_proto(erasure))

    async def ExportHolder(self, request: pb.ExportHolderRequest, context: Context) -> pb.ExportHolderResponse:
        """Returns everything stored about the holder of a document, one page at a time."""
        holder = _holder(request.holder)
        size = checked_page_size(request.page_size)
        listing = Listing("holder", (holder.run or "", holder.document_number or ""))
        cursor = listing.cursor(request.page_token, parts=2)
        after = (cursor[0], cursor[1]) if cursor else None
        page, last = cut(await self._holders.records(holder, size + 1, after), size)
        return pb.ExportHolderResponse(
            records=[privacy_service_pb2.ExportRecord(kind=record.kind, json=record.json) for record in page],
            next_page_token=listing.token([last.kind, last.key]) if last else "",
        )

    async def EraseHolder(self, request: pb.EraseHolderRequest, context: Context) -> pb.EraseHolderResponse:
        """Erases every check-in and expected arrival of the holder of a document permanently."""
        erasure = await self._holders.erase(_holder(request.holder))
        return pb.EraseHolderResponse(erasure=erasure_to_proto(erasure))

    async def ImportGuests(self, request: pb.ImportGuestsRequest, context: Context) -> pb.ImportGuestsResponse:
        """Adds expected guests."""
        told = [
            NewGuest(guest.display_name, guest.run, guest.document_number, guest.arrival_date, guest.reference)
            for guest in request.guests
        ]
        added = await self._arrivals.add(told, request.request_id)
        return pb.ImportGuestsResponse(
            guests=[guest_to_proto(guest) for guest in added], known_count=len(told) - len(added)
        )

    async def ListGuests(self, request: pb.ListGuestsRequest, context: Context) -> pb.ListGuestsResponse:
        """Lists the expected guests of a day."""
        size = checked_page_size(request.page_size)
        listing = Listing("guests", (request.arrival_date,))
        cursor = listing.cursor(request.page_token, parts=1)
        after_id = cursor[0] if cursor else None
        page, last = cut(await self._arrivals.list(request.arrival_date, size + 1, after_id), size)
        return pb.ListGuestsResponse(
            guests=[guest_to_proto(guest) for guest in page],
            next_page_token=listing.token([last.guest_id]) if last else "",
        )

    async def DeleteGuest(self, request: pb.DeleteGuestRequest, context: Context) -> pb.DeleteGuestResponse:
        """Removes an expected guest permanently."""
        await self._holders.erase_guest(parse_guest(request.name, "name"))
        return pb.DeleteGuestResponse()

    async def _visible(self, name: str) -> CheckIn:
        """Returns a check-in of a camera that the caller is authorized for."""
        check_in = await self._check_ins.get(parse_check_in(name, "name"))
        authorized = current_caller().authorized
        if check_in.camera_id is not None:
            await authorized.require(check_in.camera_id)
        elif not authorized.scope.everything:
            # At no camera, so in nobody's scope; whether it exists is not told.
            raise NotFound(name)
        return check_in

    def _to_proto(self, check_in: CheckIn) -> pb.CheckIn:
        return check_in_to_proto(check_in, self._site)


def _holder(told: pb.Holder) -> Holder:
    holder = checked_holder(told.run, told.document_number, "holder")
    if (holder.run is None) == (holder.document_number is None):
        raise InvalidInput("holder", "holder must have either a run or a document_number")
    return holder


def _filter(request: pb.ListCheckInsRequest) -> CheckInFilter:
    start = time_from_proto(request.start_time, "start_time") if request.HasField("start_time") else None
    end = time_from_proto(request.end_time, "end_time") if request.HasField("end_time") else None
    if start is not None and end is not None and start >= end:
        raise InvalidInput("end_time", "end_time must be after start_time")
    return CheckInFilter(
        camera_id=parse_camera(request.camera, "camera") if request.camera else None,
        run=checked_run(request.run, "run"),
        result=result_from_proto(request.result, "result"),
        undecided=request.undecided,
        start=start,
        end=end,
        within=current_caller().authorized.cameras,
    )


def _listing(which: CheckInFilter) -> Listing:
    times = ("" if time is None else time.isoformat() for time in (which.start, which.end))
    result = "" if which.result is None else which.result.value
    return Listing("checkIns", (which.camera_id or "", which.run or "", result, str(which.undecided), *times))


def _cursor(parts: tuple[str, ...] | None) -> CheckInCursor | None:
    if parts is None:
        return None
    try:
        created = datetime.fromisoformat(parts[0])
        if created.tzinfo is None:
            raise malformed_token()
        # Near year 1 or 9999, a time in another zone may be out of range in UTC, in which it is stored.
        return CheckInCursor(created.astimezone(UTC), parts[1])
    except (ValueError, OverflowError):
        raise malformed_token() from None
