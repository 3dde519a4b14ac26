"""What people say of doubtful sightings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator

from portero_client import QueuedSighting, ReviewAction, Reviewed, ReviewReason
from portero_client.names import PEOPLE, REVIEWS
from portero_console.parts import TheCaller
from portero_console.rest.shapes import Listed, PageToken, SightingId, listed

router = APIRouter(tags=["reviews"])

_ReviewId = Annotated[str, Path(pattern=f"^{REVIEWS.identifier_pattern.pattern}$", description="The review's id.")]


class Judgment(BaseModel):
    """What is said of a sighting."""

    action: Annotated[ReviewAction, Field(description="What is said; `unspecified` is refused.")]
    person: Annotated[
        str,
        Field(
            pattern=f"^({PEOPLE.identifier_pattern.pattern})?$",
            description="Id of whom it shows, or does not show; empty for `ignore`.",
        ),
    ] = ""
    note: Annotated[str, Field(max_length=200, description="Why.")] = ""

    @model_validator(mode="after")
    def _names_somebody(self) -> Judgment:
        if self.action is ReviewAction.UNSPECIFIED:
            raise ValueError("action must be this_is, not or ignore")
        if (self.action is ReviewAction.IGNORE) == bool(self.person):
            raise ValueError("person must be given with this_is and not, and only then")
        return self


@router.get("/reviews/queue", response_model=Listed[QueuedSighting], summary="Lists sightings to review")
async def list_queue(
    caller: TheCaller,
    camera: Annotated[str, Query(max_length=80, description="Only at this camera, by id; empty: all.")] = "",
    reasons: Annotated[list[ReviewReason] | None, Query(description="Only for these reasons; left out: all.")] = None,
    page_size: Annotated[int, Query(ge=1, le=100, description="Most items of the page.")] = 20,
    page_token: PageToken = "",
) -> object:
    """Lists sightings that a person should look at, latest first, with what was decided about them."""
    queue = caller.client.reviews.queue(camera=camera, reasons=reasons or (), page_token=page_token)
    return await listed(queue, page_size)


@router.get(
    "/sightings/{sighting}/review-picture",
    response_class=Response,
    summary="Returns the picture of a sighting to review",
    responses={200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_picture(caller: TheCaller, sighting: SightingId) -> Response:
    """Returns the face that the sighting was decided from, where the server keeps it; who looked is recorded."""
    picture = await caller.client.reviews.picture(sighting)
    return Response(picture.jpeg, media_type="image/jpeg")


@router.post("/sightings/{sighting}/review", response_model=Reviewed, summary="Reviews a sighting")
async def review_sighting(caller: TheCaller, sighting: SightingId, judgment: Judgment) -> object:
    """Stores what a person says of a sighting, and corrects it."""
    reviews = caller.client.reviews
    match judgment.action:
        case ReviewAction.THIS_IS:
            return await reviews.this_is(sighting, judgment.person, note=judgment.note)
        case ReviewAction.NOT:
            return await reviews.is_not(sighting, judgment.person, note=judgment.note)
        case _:
            return await reviews.ignore(sighting, note=judgment.note)


@router.post("/reviews/{review}/undo", response_model=Reviewed, summary="Undoes a review")
async def undo_review(caller: TheCaller, review: _ReviewId) -> object:
    """Takes a review back: the sighting is again as it was decided."""
    return await caller.client.reviews.undo(review)
