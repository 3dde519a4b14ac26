"""Shapes that several routes share: pages of lists, photos in bodies, ids and keys."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Header, Path, Query
from pydantic import BaseModel, Field

from portero_client import Page
from portero_client.listing import Listing
from portero_client.names import ATTENDANCE_GROUPS, CAMERAS, PEOPLE, SIGHTINGS
from portero_console.security.uploads import IMAGE_TYPES

ItemT = TypeVar("ItemT")

_DEFAULT_PAGE = 50


class Listed(BaseModel, Generic[ItemT]):
    """One page of a list."""

    items: Annotated[list[ItemT], Field(description="In the order of the list.")]
    next_page_token: Annotated[str, Field(description="Where the next page begins; empty after the last one.")]


async def listed(listing: Listing[ItemT], limit: int) -> dict[str, Any]:
    """Returns one page of a list, as `Listed`."""
    page: Page[ItemT] = await listing.first(limit)
    return {"items": page.items, "next_page_token": page.next_page_token}


PageSize = Annotated[int, Query(ge=1, le=1000, description="Most items of the page.")]
PageToken = Annotated[
    str, Query(max_length=2000, description="`next_page_token` of the page before; empty: the first.")
]
DEFAULT_PAGE_SIZE = _DEFAULT_PAGE

PersonId = Annotated[str, Path(pattern=f"^{PEOPLE.identifier_pattern.pattern}$", description="The person's id.")]
CameraId = Annotated[str, Path(pattern=f"^{CAMERAS.identifier_pattern.pattern}$", description="The camera's id.")]
SightingId = Annotated[str, Path(pattern=f"^{SIGHTINGS.identifier_pattern.pattern}$", description="The sighting's id.")]
GroupId = Annotated[
    str, Path(pattern=f"^{ATTENDANCE_GROUPS.identifier_pattern.pattern}$", description="The group's id.")
]

GroupFilter = Annotated[
    str, Query(pattern=f"^({ATTENDANCE_GROUPS.identifier_pattern.pattern})?$", description="Of this group, by id.")
]
PersonFilter = Annotated[
    str, Query(pattern=f"^({PEOPLE.identifier_pattern.pattern})?$", description="Of this person, by id.")
]

IdempotencyKey = Annotated[
    UUID | None,
    Header(
        alias="Idempotency-Key",
        description="A UUID: the same call with it returns the first answer for a day, and does nothing again.",
    ),
]

PHOTO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One photo, JPEG or PNG, at most 5 MiB.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in IMAGE_TYPES},
    }
}
"""What the description of a route says of the photo that it takes."""
