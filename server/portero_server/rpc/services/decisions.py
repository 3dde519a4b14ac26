"""Implements DecisionService: what decisions saw, and what other thresholds would have decided."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

from portero.v1 import decision_service_pb2 as pb
from portero.v1 import decision_service_pb2_grpc

from portero_server.access.authorized_cameras import CameraList, Sites
from portero_server.clock import Clock
from portero_server.errors import InvalidInput
from portero_server.gallery.what_if import Replays
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import time_from_proto
from portero_server.rpc.decision_convert import decision_to_proto, replay_to_proto
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.requests import Context
from portero_server.rpc.resource_names import parse_camera, parse_sighting
from portero_server.store.decisions import DecisionCursor, DecisionFilter, DecisionStore

_MOST_THRESHOLDS = 50
_MOST_SITE = 63


class DecisionServicer(decision_service_pb2_grpc.DecisionServiceServicer):
    """Reads stored decisions and replays them."""

    def __init__(self, decisions: DecisionStore, replays: Replays, cameras: CameraList, clock: Clock) -> None:
        self._decisions = decisions
        self._replays = replays
        self._cameras = cameras
        self._clock = clock

    async def ListDecisions(self, request: pb.ListDecisionsRequest, context: Context) -> pb.ListDecisionsResponse:
        """Lists decisions, oldest first."""
        size = checked_page_size(request.page_size)
        start, end = _span(request)
        which = DecisionFilter(
            sighting_id=parse_sighting(request.sighting, "sighting") if request.sighting else None,
            start=start,
            end=end,
            within=_cameras(request.camera, current_caller().authorized.cameras),
        )
        times = ("" if time is None else time.isoformat() for time in (start, end))
        listing = Listing("decisions", (request.camera, request.sighting, *times))
        after = _cursor(listing.cursor(request.page_token, parts=2))
        page, last = cut(await self._decisions.list(which, size + 1, after), size)
        names = await self._decisions.names(page)
        return pb.ListDecisionsResponse(
            decisions=[decision_to_proto(each, names) for each in page],
            next_page_token=listing.token([last.captured_at.isoformat(), last.recognition_id]) if last else "",
        )

    async def WhatIfThresholds(
        self, request: pb.WhatIfThresholdsRequest, context: Context
    ) -> pb.WhatIfThresholdsResponse:
        """Replays decisions by other thresholds."""
        thresholds = _checked_thresholds(request)
        margin = request.margin_threshold if request.HasField("margin_threshold") else None
        if margin is not None and not (isfinite(margin) and 0.0 <= margin <= 1.0):
            raise InvalidInput("margin_threshold", "margin_threshold must be 0 to 1")
        if len(request.site) > _MOST_SITE:
            raise InvalidInput("site", f"site must be at most {_MOST_SITE} characters")
        start, end = _span(request)
        within = _cameras(request.camera, current_caller().authorized.cameras)
        if request.site:
            # Not kept: a caller may name any number of sites.
            of_site = await Sites(self._cameras, self._clock).cameras_of(request.site)
            within = of_site if within is None else within & of_site
        which = DecisionFilter(start=start, end=end, within=within)
        replays, count = await self._replays.replay(which, thresholds, margin)
        alone = len(replays) == 1
        return pb.WhatIfThresholdsResponse(
            results=[replay_to_proto(each, with_changes=alone) for each in replays], decisions=count
        )


def _checked_thresholds(request: pb.WhatIfThresholdsRequest) -> list[float]:
    field, thresholds = "similarity_thresholds", list(request.similarity_thresholds)
    if len(thresholds) > _MOST_THRESHOLDS:
        raise InvalidInput(field, f"{field} must be at most {_MOST_THRESHOLDS}")
    if not all(isfinite(each) and 0.0 < each <= 1.0 for each in thresholds):
        raise InvalidInput(field, f"{field} must be above 0 and at most 1 each")
    return thresholds


def _cameras(camera: str, authorized: frozenset[str] | None) -> frozenset[str] | None:
    """Returns the cameras asked for that the caller may see; None: all."""
    if not camera:
        return authorized
    asked = frozenset({parse_camera(camera, "camera")})
    return asked if authorized is None else asked & authorized


def _span(
    request: pb.ListDecisionsRequest | pb.WhatIfThresholdsRequest,
) -> tuple[datetime | None, datetime | None]:
    start = time_from_proto(request.start_time, "start_time") if request.HasField("start_time") else None
    end = time_from_proto(request.end_time, "end_time") if request.HasField("end_time") else None
    if start is not None and end is not None and start >= end:
        raise InvalidInput("end_time", "end_time must be after start_time")
    return start, end


def _cursor(parts: tuple[str, ...] | None) -> DecisionCursor | None:
    if parts is None:
        return None
    try:
        captured_at = datetime.fromisoformat(parts[0])
        if captured_at.tzinfo is None:
            raise malformed_token()
        # Near year 1 or 9999, a time in another zone may be out of range in UTC, in which it is stored.
        return DecisionCursor(captured_at.astimezone(UTC), parts[1])
    except (ValueError, OverflowError):
        raise malformed_token() from None
