"""Implements SightingService: past sightings, and a live feed of new ones."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

from portero.v1 import sighting_service_pb2 as pb
from portero.v1 import sighting_service_pb2_grpc

from portero_server.domain.people.people import checked_identifier
from portero_server.domain.recording.export_range import ExportCursor, ExportRange
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.errors import InvalidInput
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import kind_from_proto, news_to_proto, sighting_to_proto, time_from_proto
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.requests import Context
from portero_server.rpc.resource_names import parse_camera, parse_person, parse_sighting
from portero_server.store.sightings import SightingCursor, SightingFilter, SightingKind, SightingStore
from portero_server.watching.sighting_export import SightingExport
from portero_server.watching.watch import Watch, Watcher

_EXPORT_PAGE = 500


class SightingServicer(sighting_service_pb2_grpc.SightingServiceServicer):
    """Reads stored sightings and streams new ones."""

    def __init__(self, sightings: SightingStore, watch: Watch[SightingEvent], export: SightingExport) -> None:
        self._sightings = sightings
        self._watch = watch
        self._export = export

    async def GetSighting(self, request: pb.GetSightingRequest, context: Context) -> pb.GetSightingResponse:
        """Returns a sighting by its name."""
        sighting = await self._sightings.get(parse_sighting(request.name, "name"))
        await current_caller().authorized.require(sighting.camera_id)
        return pb.GetSightingResponse(sighting=sighting_to_proto(sighting))

    async def ListSightings(self, request: pb.ListSightingsRequest, context: Context) -> pb.ListSightingsResponse:
        """Lists sightings, latest first."""
        size = checked_page_size(request.page_size)
        which = replace(_filter(request), within=current_caller().authorized.cameras)
        listing = _listing(which)
        cursor = _cursor(listing.cursor(request.page_token, parts=2))
        page, last = cut(await self._sightings.list(which, size + 1, cursor), size)
        return pb.ListSightingsResponse(
            sightings=[sighting_to_proto(sighting) for sighting in page],
            next_page_token=listing.token([last.first_seen.isoformat(), last.sighting_id]) if last else "",
        )

    async def WatchSightings(
        self, request: pb.WatchSightingsRequest, context: Context
    ) -> AsyncIterator[pb.WatchSightingsResponse]:
        """Streams sighting events after a position: first stored ones, then new ones."""
        after = request.after_position if request.HasField("after_position") else None
        camera_id = parse_camera(request.camera, "camera") if request.camera else None
        caller = current_caller()
        watcher = Watcher(caller.identity.subject, caller.identity.scope.key)
        watch = self._watch.watch(after, camera_id, caller.authorized, watcher, _wanted(request))
        async with aclosing(watch) as watched:
            async for news in watched:
                yield news_to_proto(news)

    async def ExportSightings(
        self, request: pb.ExportSightingsRequest, context: Context
    ) -> AsyncIterator[pb.ExportSightingsResponse]:
        """Streams the sightings of a period, oldest first, page by page."""
        which, size = _range(request), checked_page_size(request.page_size, default=_EXPORT_PAGE)
        caller = current_caller()
        if which.site is not None:
            await caller.authorized.require_site(which.site)
        listing = _exporting(which)
        after = _cursor(listing.cursor(request.cursor, parts=2, field="cursor"), "cursor")
        after_place = None if after is None else ExportCursor(after.first_seen, after.sighting_id)
        exporter = Watcher(caller.identity.subject, caller.identity.scope.key)
        export = self._export.pages(which, size, after_place, caller.authorized, exporter)
        async with aclosing(export) as pages:
            async for page in pages:
                place = page.cursor
                yield pb.ExportSightingsResponse(
                    sightings=[
                        pb.ExportedSighting(sighting=sighting_to_proto(each.sighting), site=each.site)
                        for each in page.sightings
                    ],
                    next_cursor=listing.token([place.first_seen.isoformat(), place.sighting_id]) if place else "",
                )


def _wanted(request: pb.WatchSightingsRequest) -> Callable[[SightingEvent], bool]:
    person_id = parse_person(request.person, "person") if request.person else None
    kind = kind_from_proto(request.kind, "kind")

    def wanted(event: SightingEvent) -> bool:
        sighting = event.sighting
        is_kind = kind is SightingKind.ALL or (kind is SightingKind.NAMED) == (sighting.person_id is not None)
        return is_kind and person_id in (None, sighting.person_id)

    return wanted


def _filter(request: pb.ListSightingsRequest) -> SightingFilter:
    start = time_from_proto(request.start_time, "start_time") if request.HasField("start_time") else None
    end = time_from_proto(request.end_time, "end_time") if request.HasField("end_time") else None
    if start is not None and end is not None and start >= end:
        raise InvalidInput("end_time", "end_time must be after start_time")
    return SightingFilter(
        camera_id=parse_camera(request.camera, "camera") if request.camera else None,
        person_id=parse_person(request.person, "person") if request.person else None,
        start=start,
        end=end,
        kind=kind_from_proto(request.kind, "kind"),
    )


def _range(request: pb.ExportSightingsRequest) -> ExportRange:
    for field in ("start_time", "end_time"):
        if not request.HasField(field):
            raise InvalidInput(field, f"{field} must be given: an export is of a period")
    return ExportRange(
        start=time_from_proto(request.start_time, "start_time"),
        end=time_from_proto(request.end_time, "end_time"),
        site=checked_identifier(request.site, "site") if request.site else None,
        camera_id=parse_camera(request.camera, "camera") if request.camera else None,
        person_id=parse_person(request.person, "person") if request.person else None,
    )


def _exporting(which: ExportRange) -> Listing:
    times = which.start.isoformat(), which.end.isoformat()
    return Listing("exports", (which.site or "", which.camera_id or "", which.person_id or "", *times))


def _listing(which: SightingFilter) -> Listing:
    times = ("" if time is None else time.isoformat() for time in (which.start, which.end))
    return Listing("sightings", (which.camera_id or "", which.person_id or "", which.kind.value, *times))


def _cursor(parts: tuple[str, ...] | None, field: str = "page_token") -> SightingCursor | None:
    if parts is None:
        return None
    try:
        first_seen = datetime.fromisoformat(parts[0])
        if first_seen.tzinfo is None:
            raise malformed_token(field)
        # Near year 1 or 9999, a time in another zone may be out of range in UTC, in which it is stored.
        return SightingCursor(first_seen.astimezone(UTC), parts[1])
    except (ValueError, OverflowError):
        raise malformed_token(field) from None
