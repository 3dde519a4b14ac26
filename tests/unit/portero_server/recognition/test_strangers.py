"""Faces that stay nobody's are handed out once, and the bridge is told whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.visitors import Stranger, VisitorPolicy
from portero_server.domain.streams.frames import FrameRefused
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import EngineTraits, FaceCrop, Identification
from portero_server.recognition.follower import Follower
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.recognition.tiered import FreeEngine
from portero_server.streaming.followers import CostPolicy
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import TRAITS, StreamHarness, face, looked, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time

_ENCODES = TrackPolicy(identity=IdentityPolicy())


class Sink:
    """Takes strangers as a server does, and says that each is visitor "v1" after a second."""

    def __init__(self) -> None:
        self.taken: list[Stranger] = []

    def trusts(self, width: float, height: float, quality: FaceQuality) -> bool:
        """Returns what the policy says."""
        return VisitorPolicy().trusts(width, height, quality)

    def offer(self, stranger: Stranger) -> asyncio.Future[str | None]:
        """Takes a stranger."""
        self.taken.append(stranger)
        told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(1.0, told.set_result, "v1")
        return told

    def capture(self, camera_id: str, follower: FrameFollower) -> FrameFollower:
        """Has the strangers of a stream handed to it."""
        assert isinstance(follower, Follower)
        follower.strangers.sink = self
        return follower


class _Uncounted:
    def avoided(self, camera_id: str, reason: str, count: int = 1) -> None:
        """Counts nothing."""


async def _encoded(crop: FaceCrop) -> Identification:
    return Identification((), embedding=np.array([1.0, 0.0], np.float32))


async def _watched(
    sink: Sink, frames: Sequence[FrameAnalysis], answers: Sequence[Identification], *, free: bool = False
) -> StreamHarness:
    """Shows a frame each fifth of a second; the engine gives the answers in turn, and then the last one."""
    given = list(answers)

    async def identify(crop: FaceCrop) -> Identification:
        await asyncio.sleep(0.1)
        return given.pop(0) if len(given) > 1 else given[0]

    behind = FreeEngine(EngineTraits("local", "m1", 8, False, TRAITS.policy, False, encodes=True), _encoded)
    script: dict[int, FrameAnalysis | FrameRefused] = {number + 1: frame for number, frame in enumerate(frames)}
    async with stream_harness(
        script,
        identify,
        tracks=TrackPolicy() if free else _ENCODES,
        cost_policy=CostPolicy(_Uncounted(), free=behind) if free else None,
        capture=sink.capture,
    ) as at:
        session = await at.open()
        listening = asyncio.create_task(at.listen(session))
        running = asyncio.create_task(session.run())
        for number in range(len(frames)):
            at.send(session, number + 1)
            await asyncio.sleep(0.2)
        session.finish()
        await running
        await listening
    return at


def _nobody(*, encoded: bool = True) -> Identification:
    return Identification((), embedding=np.array([1.0, 0.5], np.float32) if encoded else None)


def _updates(at: StreamHarness) -> list[tuple[TrackState, str | None]]:
    return [(each.state, each.visitor_id) for each in at.said if isinstance(each, TrackUpdate)]


@in_virtual_time
async def test_a_stranger_who_stays_is_handed_out_once_and_told_while_there() -> None:
    """When no more calls are made for the face, which is then confirmed as nobody's and told once more as a visitor."""
    sink = Sink()
    better = [looked(face(quality=quality)) for quality in (0.5, 0.5, 0.7, 0.7, 1.0, *[1.0] * 20)]
    at = await _watched(sink, better, [_nobody()])
    (stranger,) = sink.taken
    assert stranger.camera_id == "door"
    assert stranger.faces[0].encoding == (1.0, 0.5)
    assert 1 <= len(stranger.faces) <= 3
    qualities = [each.quality for each in stranger.faces]
    assert qualities == sorted(qualities, reverse=True)
    told = _updates(at)
    assert (TrackState.CONFIRMED, None) in told
    assert (TrackState.CONFIRMED, "v1") in told
    assert told[-1] == (TrackState.CLOSED, "v1")


@in_virtual_time
async def test_a_stranger_who_leaves_early_is_handed_out_at_the_end() -> None:
    """The visit gets its visitor later; the bridge is not told."""
    sink = Sink()
    at = await _watched(sink, [looked(face())] * 4 + [looked()] * 14, [_nobody()])
    assert len(sink.taken) == 1
    assert {visitor for _, visitor in _updates(at)} <= {None, "v1"}


@in_virtual_time
async def test_behind_a_paid_engine_the_best_shot_is_encoded_for_free() -> None:
    """Its answers have no encoding; no call that is paid for is made for it."""
    sink = Sink()
    await _watched(sink, [looked(face())] * 4 + [looked()] * 14, [_nobody(encoded=False)], free=True)
    (stranger,) = sink.taken
    assert [each.encoding for each in stranger.faces] == [(1.0, 0.0)]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        pytest.param(named("ana"), face(), id="a person of the gallery"),
        pytest.param(named("deleted"), face(), id="a person who may not be named"),
        pytest.param(_nobody(), face(quality=0.15), id="a face too poor"),
    ],
)
def test_nobody_else_is_handed_out(answer: Identification, shown: object) -> None:
    """Neither whom the gallery knows, named or not, nor a face whose encoding is not to be trusted."""

    @in_virtual_time
    async def run() -> None:
        sink = Sink()
        encoded = Identification(answer.candidates, embedding=np.array([1.0, 0.5], np.float32))
        await _watched(sink, [looked(shown)] * 8 + [looked()] * 14, [encoded])  # type: ignore[arg-type]
        assert sink.taken == []

    run()
