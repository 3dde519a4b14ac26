"""Cameras, who they saw, and what is in a photo."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from portero_client import Camera, CameraStatus, Face, Sighting, SightingKind, Usage
from portero_console.parts import TheCaller, ThePhoto
from portero_console.rest.shapes import (
    DEFAULT_PAGE_SIZE,
    PHOTO_BODY,
    CameraId,
    Listed,
    PageSize,
    PageToken,
    SightingId,
    listed,
)

router = APIRouter(tags=["sightings"])

_Since = Annotated[AwareDatetime | None, Query(description="RFC 3339 time with a zone.")]
_Camera = Annotated[str, Query(max_length=80, description="Only at this camera, by id; empty: all.")]


@router.get("/cameras", response_model=Listed[Camera], summary="Lists cameras")
async def list_cameras(
    caller: TheCaller,
    site: Annotated[str, Query(max_length=200, description="Only of this site; empty: all.")] = "",
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> object:
    """Lists the cameras that the key may see, by id."""
    return await listed(caller.client.cameras.list(site=site, page_token=page_token), page_size)


@router.get("/cameras/{camera}", response_model=Camera, summary="Returns a camera")
async def get_camera(caller: TheCaller, camera: CameraId) -> object:
    """Returns a camera."""
    return await caller.client.cameras.get(camera)


@router.get("/cameras/{camera}/status", response_model=CameraStatus, summary="Returns how a camera is")
async def get_camera_status(caller: TheCaller, camera: CameraId) -> object:
    """Returns the current status of a camera's stream."""
    return await caller.client.cameras.status(camera)


@router.get("/sightings", response_model=Listed[Sighting], summary="Lists sightings")
async def list_sightings(
    caller: TheCaller,
    camera: _Camera = "",
    person: Annotated[str, Query(max_length=80, description="Only of this person, by id; empty: all.")] = "",
    since: _Since = None,
    until: _Since = None,
    kind: Annotated[SightingKind, Query(description="Which sightings.")] = SightingKind.ALL,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> object:
    """Lists sightings, latest first: not ended before `since`, begun before `until`; all conditions must hold."""
    sightings = caller.client.sightings.list(
        camera=camera, person=person, since=since, until=until, kind=kind, page_token=page_token
    )
    return await listed(sightings, page_size)


@router.get("/sightings/{sighting}", response_model=Sighting, summary="Returns a sighting")
async def get_sighting(caller: TheCaller, sighting: SightingId) -> object:
    """Returns a sighting."""
    return await caller.client.sightings.get(sighting)


@router.post("/images/search", response_model=list[Face], summary="Finds people in a photo", openapi_extra=PHOTO_BODY)
async def search_image(
    caller: TheCaller,
    photo: ThePhoto,
    max_candidates: Annotated[int, Query(ge=1, le=20, description="Most candidates of each face.")] = 5,
) -> object:
    """Returns every face of a photo, largest first, with its match and its candidates; stores nothing."""
    return await caller.client.images.search(photo, max_candidates=max_candidates)


@router.get("/usage", response_model=Usage, summary="Returns calls and costs")
async def get_usage(caller: TheCaller, since: _Since = None, until: _Since = None, camera: _Camera = "") -> object:
    """Returns calls made, calls avoided and costs; left out, since midnight UTC."""
    return await caller.client.usage(since=since, until=until, camera=camera)
