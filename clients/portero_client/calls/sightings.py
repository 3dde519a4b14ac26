"""The calls of SightingService, and the request that starts a watch."""

from __future__ import annotations

from datetime import datetime

from portero.v1 import sighting_service_pb2 as pb2

from portero_client import convert
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.names import CAMERAS, PEOPLE, SIGHTINGS
from portero_client.sightings import Sighting, SightingKind

_SERVICE = "/portero.v1.SightingService/"
WATCH_METHOD = _SERVICE + "WatchSightings"
EXPORT_METHOD = _SERVICE + "ExportSightings"


def get(sighting: str) -> Call[Sighting]:
    """Returns a sighting by name."""
    return unary(
        _SERVICE + "GetSighting",
        pb2.GetSightingRequest(name=SIGHTINGS.name(sighting)),
        pb2.GetSightingResponse,
        lambda answer: convert.sighting_from(answer.sighting),
    )


def list_pages(
    *, camera: str, person: str, since: datetime | None, until: datetime | None, kind: SightingKind
) -> PageCall[Sighting]:
    """Lists sightings, latest first; all conditions must hold."""
    request = pb2.ListSightingsRequest(
        camera=CAMERAS.name(camera) if camera else "",
        person=PEOPLE.name(person) if person else "",
        start_time=convert.time_to(since) if since else None,
        end_time=convert.time_to(until) if until else None,
        kind=convert.SIGHTING_KINDS[kind],
    )

    def page(page_size: int, page_token: str) -> Call[Page[Sighting]]:
        paged = pb2.ListSightingsRequest(page_size=page_size, page_token=page_token)
        paged.MergeFrom(request)
        return unary(
            _SERVICE + "ListSightings",
            paged,
            pb2.ListSightingsResponse,
            lambda answer: Page(
                tuple(convert.sighting_from(sighting) for sighting in answer.sightings), answer.next_page_token
            ),
        )

    return page


def watch_request(
    after: int | None, camera: str = "", person: str = "", kind: SightingKind = SightingKind.ALL
) -> pb2.WatchSightingsRequest:
    """Returns the request for everything after a position; None means from now on, 0 from the beginning."""
    return pb2.WatchSightingsRequest(
        after_position=after,
        camera=CAMERAS.name(camera) if camera else "",
        person=PEOPLE.name(person) if person else "",
        kind=convert.SIGHTING_KINDS[kind],
    )


def export_request(
    *, since: datetime, until: datetime, site: str, camera: str, person: str, page_size: int, cursor: str
) -> pb2.ExportSightingsRequest:
    """Returns the request for the sightings that began in a period, after a cursor."""
    return pb2.ExportSightingsRequest(
        page_size=page_size,
        cursor=cursor,
        start_time=convert.time_to(since),
        end_time=convert.time_to(until),
        site=site,
        camera=CAMERAS.name(camera) if camera else "",
        person=PEOPLE.name(person) if person else "",
    )
