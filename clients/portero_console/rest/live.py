"""What happens now, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from portero_console.live.stream import live_messages, problem_message
from portero_console.parts import TheCaller, ThisConsole
from portero_console.problems import Problem

router = APIRouter(tags=["live"])

_MOST = 2**63 - 1


@router.get(
    "/live",
    response_class=StreamingResponse,
    summary="Streams what happens",
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_live(
    console: ThisConsole,
    caller: TheCaller,
    after: Annotated[int | None, Query(ge=0, le=_MOST, description="Position to resume after; left out: now.")] = None,
    last_event_id: Annotated[
        str, Header(pattern="^[0-9]{0,19}$", description="Sent by browsers that resume; goes before `after`.")
    ] = "",
) -> StreamingResponse:
    """Streams sightings and the state of cameras as they happen.

    Events are `ready` (what was stored up to here can be read now), `sighting`, `cameras`, `alive` and `ended` (with a
    problem document). Their id is the position to resume after.
    """
    position = min(int(last_event_id), _MOST) if last_event_id else after
    console.feeds.check_room()

    async def messages() -> AsyncIterator[bytes]:
        try:
            # Here and not above: what never begins to be sent would never be ended.
            async with console.feeds.view(caller.key) as feed:
                async for message in live_messages(
                    feed,
                    position,
                    console.feeds.ended,
                    login_over=caller.session.over if caller.session is not None else None,
                    still_in=lambda: console.admission.is_still_in(caller),
                ):
                    yield message
        except Problem as refusal:
            yield problem_message(refusal)

    return StreamingResponse(messages(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})
