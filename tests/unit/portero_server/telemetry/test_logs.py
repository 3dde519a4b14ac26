"""A stream leaves two lines in the log, and they tell of frames, not of people."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from portero_server.engines.base import FaceCrop, Identification
from tests.support.server.stream_harness import face, looked, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time


@in_virtual_time
async def test_a_stream_is_one_line_when_it_opens_and_one_when_it_closes() -> None:
    """The second has the account: frames by outcome, recognitions and how it ended; neither says who was seen."""

    async def identify(crop: FaceCrop) -> Identification:
        return named("ana")

    with capture_logs() as lines:
        async with stream_harness({n: looked(face()) for n in range(1, 6)}, identify) as at:
            session = await at.open()
            at.send(session, 1, 2, 3, 4, 5)
            session.finish()
            async with asyncio.TaskGroup() as group:
                group.create_task(at.listen(session))
                await session.run()
            at.streams.close(session, "finished")
    opened, closed = lines
    assert (opened["event"], opened["camera"]) == ("stream_opened", "door")
    assert (closed["event"], closed["session"], closed["ending"]) == ("stream_closed", opened["session"], "finished")
    assert (closed["received"], closed["recognitions"], sum(closed["account"].values())) == (5, 1, 5)
    assert "ana" not in str(lines).lower()
