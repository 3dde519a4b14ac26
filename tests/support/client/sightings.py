"""An in-memory SightingService with a feed that tests fill and cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import sighting_service_pb2 as pb2

from tests.support.client.photos import box_of
from tests.support.client.wire import Refusal, StreamMethod, UnaryMethod, not_found, page_of

_CONNECTION_LOST = Refusal(grpc.StatusCode.UNAVAILABLE, "Socket closed", bare=True)


class FakeSightings:
    """Sightings and the events about them."""

    def __init__(self) -> None:
        self.sightings: dict[str, pb2.Sighting] = {}
        self.events: list[pb2.WatchSightingsResponse] = []
        self.watches: list[int | None] = []
        self.sites: dict[str, str] = {}
        """The site of each camera, "cameras/{camera}"."""
        self.export_cursors: list[str] = []
        """Where exports began or went on."""
        self.export_cut: Refusal | None = None
        """Ends exports after each page with an error."""
        self._changed = asyncio.Condition()
        self._cuts = 0
        self._cut_with: Refusal | None = None

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the table of the unary methods."""
        return {
            "GetSighting": (pb2.GetSightingRequest, self.get),
            "ListSightings": (pb2.ListSightingsRequest, self.list_sightings),
        }

    def streams(self) -> dict[str, tuple[type, StreamMethod]]:
        """Returns the table of the server streams."""
        return {
            "WatchSightings": (pb2.WatchSightingsRequest, self.watch),
            "ExportSightings": (pb2.ExportSightingsRequest, self.export),
        }

    def store(self, sighting_id: str, camera: str, person: str = "", *, seconds: int = 0, lasting: int = 5) -> None:
        """Stores a sighting that began `seconds` into the fake's time; `person` is an id, empty for a stranger."""
        began = 1_750_000_000 + seconds
        self.sightings[f"sightings/{sighting_id}"] = pb2.Sighting(
            name=f"sightings/{sighting_id}",
            camera=f"cameras/{camera}",
            person=f"people/{person}" if person else "",
            display_name=person.replace("-", " ").title(),
            first_seen_time=Timestamp(seconds=began),
            last_seen_time=Timestamp(seconds=began + lasting),
            similarity=0.9 if person else 0.0,
            margin=0.5 if person else 0.0,
            track_count=1,
            box=box_of(0),
        )

    async def tell(self, kind: pb2.SightingEventKind.ValueType, sighting_id: str) -> int:
        """Adds an event about a stored sighting; gives its position."""
        position = len(self.events) + 1
        sighting = self.sightings[f"sightings/{sighting_id}"]
        event = pb2.WatchSightingsResponse(
            position=position, kind=kind, sighting=sighting, event_time=sighting.last_seen_time
        )
        async with self._changed:
            self.events.append(event)
            self._changed.notify_all()
        return position

    async def cut(self, refusal: Refusal | None = _CONNECTION_LOST) -> None:
        """Ends every open watch with an error, or in order when it is None."""
        async with self._changed:
            self._cuts += 1
            self._cut_with = refusal
            self._changed.notify_all()

    async def watched(self, times: int) -> None:
        """Waits until watches were begun so many times."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.watches) >= times)

    async def get(self, request: pb2.GetSightingRequest) -> pb2.GetSightingResponse:
        """Returns a sighting."""
        if request.name not in self.sightings:
            raise not_found(request.name)
        return pb2.GetSightingResponse(sighting=self.sightings[request.name])

    async def list_sightings(self, request: pb2.ListSightingsRequest) -> pb2.ListSightingsResponse:
        """Lists sightings, latest first."""
        matching = [sighting for sighting in self.sightings.values() if _matches(request, sighting)]
        matching.sort(key=lambda sighting: (-sighting.first_seen_time.seconds, sighting.name))
        page, token = page_of(matching, request.page_size, request.page_token)
        return pb2.ListSightingsResponse(sightings=page, next_page_token=token)

    async def watch(self, request: pb2.WatchSightingsRequest) -> AsyncIterator[pb2.WatchSightingsResponse]:
        """Yields what is stored after the position, then what comes; tells the position first."""
        after = request.after_position if request.HasField("after_position") else None
        cuts = self._cuts
        sent = len(self.events) if after is None else after
        async with self._changed:
            self.watches.append(after)
            self._changed.notify_all()
        yield pb2.WatchSightingsResponse(position=sent)
        while True:
            for event in self.events[sent:]:
                sent = event.position
                if _watched(request, event.sighting):
                    yield event
            async with self._changed:
                while len(self.events) <= sent and self._cuts == cuts:
                    await self._changed.wait()
            if self._cuts > cuts:
                if self._cut_with is not None:
                    raise self._cut_with
                return

    async def export(self, request: pb2.ExportSightingsRequest) -> AsyncIterator[pb2.ExportSightingsResponse]:
        """Yields the sightings that began in the period, oldest first; cursors are numbers."""
        self.export_cursors.append(request.cursor)
        begin, end = request.start_time.seconds, request.end_time.seconds
        rows = [
            pb2.ExportedSighting(sighting=sighting, site=self.sites.get(sighting.camera, ""))
            for sighting in sorted(self.sightings.values(), key=lambda each: (each.first_seen_time.seconds, each.name))
            if begin <= sighting.first_seen_time.seconds < end
        ]
        rows = [row for row in rows if request.site in ("", row.site)]
        sent, size = int(request.cursor or 0), request.page_size or 500
        while True:
            page = rows[sent : sent + size]
            sent += len(page)
            yield pb2.ExportSightingsResponse(sightings=page, next_cursor=str(sent) if sent < len(rows) else "")
            if sent >= len(rows):
                return
            if self.export_cut is not None:
                raise self.export_cut


def _watched(request: pb2.WatchSightingsRequest, sighting: pb2.Sighting) -> bool:
    return _matches(pb2.ListSightingsRequest(camera=request.camera, person=request.person, kind=request.kind), sighting)


def _matches(request: pb2.ListSightingsRequest, sighting: pb2.Sighting) -> bool:
    wanted_kind = {
        pb2.SIGHTING_KIND_UNSPECIFIED: True,
        pb2.SIGHTING_KIND_NAMED: bool(sighting.person),
        pb2.SIGHTING_KIND_UNKNOWN: not sighting.person,
    }[request.kind]
    return (
        wanted_kind
        and request.camera in ("", sighting.camera)
        and request.person in ("", sighting.person)
        and not (request.HasField("start_time") and sighting.last_seen_time.seconds < request.start_time.seconds)
        and not (request.HasField("end_time") and sighting.first_seen_time.seconds >= request.end_time.seconds)
    )
