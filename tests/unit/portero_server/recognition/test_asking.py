"""A name is given by enough evidence: what is told and stored until then, and afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from portero_server.domain.detection.detections import Candidate, MatchPolicy
from portero_server.domain.recording.sightings import Recognition, TrackDecided, TrackTold
from portero_server.domain.streams.frames import FrameRefused
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.domain.tracking.track import TrackState
from portero_server.domain.tracking.what_if import StoredDecision, WhatIf, in_order, replayed
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import EngineUnavailable
from portero_server.streaming.session import Session
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import UNKNOWN, face, looked, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time

_POLICY = MatchPolicy(0.5, 0.1, sure_by=0.06, sure_quality=0.1, confusable_margin=0.2)
_BARELY = named("ana", 0.54)
_WEAKLY = named("ana", 0.505)
_CLEARLY = named("ana", 0.8)
_NO_FACE = Identification((), face_found=False)

Answer = Identification | Exception


@dataclass
class _Visit:
    """What came of a visit.

    Attributes:
        said: States with the name, the provisional name and the reason of each update.
        decided: Names that were stored, in order; None for a stranger.
        recognitions: What was stored of each call.
        unknown: How many faces left unknown, by the reason.
        named_in: Seconds from the first frame to the name; None without a name.
    """

    said: list[tuple[str, str, str, str]] = field(default_factory=list)
    decided: list[str | None] = field(default_factory=list)
    recognitions: list[Recognition] = field(default_factory=list)
    unknown: dict[str, float] = field(default_factory=dict)
    named_in: float | None = None


async def _visit(
    answers: Sequence[Answer],
    *,
    frames: int = 12,
    quality: float = 1.0,
    delay: float = 0.05,
    meanwhile: Callable[[Session], None] | None = None,
    policy: MatchPolicy = _POLICY,
) -> _Visit:
    """Somebody stands before the camera while the engine answers one by one; it knows nobody in the end."""
    coming = list(answers)

    async def identify(crop: FaceCrop) -> Identification:
        await asyncio.sleep(delay)
        answer: Answer = coming.pop(0) if coming else UNKNOWN
        if isinstance(answer, Exception):
            raise answer
        return answer

    script: dict[int, FrameAnalysis | FrameRefused] = {
        number: looked(face(quality=quality)) for number in range(1, frames + 1)
    }
    visit = _Visit()
    async with stream_harness(script, identify, match=policy) as at:
        session = await at.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            for number in range(1, frames + 1):
                at.send(session, number)
                await asyncio.sleep(0.2)
            if meanwhile is not None:
                meanwhile(session)
            session.finish()
            await running
        visit.named_in = session.runner.naming_times.within(1.0)
        at.streams.close(session, "finished")
        for reason in ("unconfirmed", "not_enrolled", "hidden", "no_answer", "look_alikes"):
            visit.unknown[reason] = (
                at.metrics.registry.get_sample_value("portero_unknown_faces_total", {"reason": reason}) or 0.0
            )
    for update in at.said:
        if isinstance(update, TrackUpdate):
            names = ["" if each is None else each.display_name for each in (update.named, update.provisional)]
            reason = "" if update.reason is None else update.reason.value
            visit.said.append((update.state.value, names[0], names[1], reason))
    decided: list[TrackDecided] = [each for commit in at.store.commits for each in commit.decided]
    visit.decided = [None if each.match is None else each.match.person_id for each in decided]
    visit.recognitions = [each for commit in at.store.commits for each in commit.recognitions]
    return visit


@in_virtual_time
async def test_a_clear_shot_names_at_once_by_one_call() -> None:
    """Nothing is provisional where nothing is doubtful."""
    visit = await _visit([_CLEARLY])
    assert [each.outcome for each in visit.recognitions] == ["match"]
    assert visit.said == [("provisional", "", "", ""), ("confirmed", "Ana", "", ""), ("closed", "Ana", "", "")]
    assert visit.decided == ["ana"]
    assert visit.named_in is not None
    assert 0.0 < visit.named_in < 0.2


@in_virtual_time
async def test_a_name_just_above_the_threshold_is_provisional_until_another_shot_agrees() -> None:
    """Nothing is stored under the name before, and it is told as provisional."""
    visit = await _visit([_BARELY, _CLEARLY])
    assert [each.outcome for each in visit.recognitions] == ["provisional", "match"]
    assert visit.said == [
        ("provisional", "", "", ""),
        ("provisional", "", "Ana", ""),
        ("confirmed", "Ana", "", ""),
        ("closed", "Ana", "", ""),
    ]
    assert visit.decided == ["ana"]


@in_virtual_time
async def test_a_shot_that_disagrees_takes_the_provisional_name_back() -> None:
    """The face is a stranger's, and is stored as one, once."""
    visit = await _visit([_BARELY, UNKNOWN])
    assert ("provisional", "", "Ana", "") in visit.said
    assert visit.said[-2:] == [("confirmed", "", "", "not_enrolled"), ("closed", "", "", "not_enrolled")]
    assert visit.decided == [None]
    assert visit.unknown["not_enrolled"] == 1
    assert visit.named_in is None


@in_virtual_time
async def test_a_visit_that_ends_before_another_shot_is_stored_as_a_strangers() -> None:
    """The one shot is kept as evidence; whoever reads it knows whom the face resembles."""
    visit = await _visit([_BARELY], frames=1)
    assert visit.decided == [None]
    assert [(each.outcome, each.person_id) for each in visit.recognitions] == [("provisional", "ana")]
    assert visit.said[-1] == ("closed", "", "Ana", "unconfirmed")
    assert visit.unknown["unconfirmed"] == 1


@in_virtual_time
async def test_a_poor_shot_names_only_with_another_one() -> None:
    """However similar, one poor shot is not enough; two are."""
    visit = await _visit([_CLEARLY, _CLEARLY], quality=0.05)
    assert [each.outcome for each in visit.recognitions] == ["provisional", "match"]
    assert visit.decided == ["ana"]


@in_virtual_time
async def test_a_decision_that_can_wait_no_longer_is_a_stranger_and_is_revised() -> None:
    """The deadline does not make a provisional name a name; the shot that agrees later does."""
    visit = await _visit([_BARELY, _CLEARLY], delay=1.2, frames=20)
    assert visit.decided == [None, "ana"]
    assert ("confirmed", "", "Ana", "unconfirmed") in visit.said
    assert ("revised", "Ana", "", "") in visit.said


@in_virtual_time
async def test_a_provisional_name_after_the_decision_is_told_and_not_stored() -> None:
    """An answer that comes after the deadline and is not enough changes nothing that is stored."""
    visit = await _visit([_BARELY, UNKNOWN], delay=2.5, frames=40)
    assert visit.decided == [None]
    assert ("provisional", "", "Ana", "unconfirmed") not in visit.said
    assert ("provisional", "", "Ana", "") in visit.said
    assert visit.said[-2:] == [("confirmed", "", "", "not_enrolled"), ("closed", "", "", "not_enrolled")]


@in_virtual_time
async def test_a_shot_without_a_face_says_nothing_about_the_name() -> None:
    """It neither confirms a provisional name nor takes it back."""
    visit = await _visit([_BARELY, _NO_FACE, _CLEARLY])
    assert [each.outcome for each in visit.recognitions] == ["provisional", "no_face", "match"]
    assert visit.decided == ["ana"]


@in_virtual_time
async def test_a_face_that_the_engine_never_sees_is_hidden() -> None:
    """What is covered is told as that, and not as a stranger."""
    visit = await _visit([_NO_FACE])
    assert visit.said[-1] == ("closed", "", "", "hidden")
    assert visit.unknown["hidden"] == 1


@in_virtual_time
async def test_a_call_that_fails_leaves_the_provisional_name_and_is_made_again() -> None:
    """An outage between two shots is not an answer."""
    visit = await _visit([_BARELY, EngineUnavailable("away"), _CLEARLY])
    assert [each.outcome for each in visit.recognitions] == ["provisional", "failed", "match"]
    assert visit.decided == ["ana"]


@in_virtual_time
async def test_a_provisional_name_that_may_no_longer_be_told_is_taken_back() -> None:
    """Whoever is erased is not even a likeness any more."""
    told: list[TrackUpdate] = []

    def erased(session: Session) -> None:
        assert session.follower.people == {"ana"}
        events = session.follower.forget({"ana"}).events
        told.extend(event.update for event in events if isinstance(event, TrackTold))
        assert session.follower.people == set()

    visit = await _visit([_WEAKLY] * 3, meanwhile=erased)
    assert [(each.state, each.provisional) for each in told] == [(TrackState.CONFIRMED, None)]
    assert visit.decided == [None]


@in_virtual_time
async def test_a_likeness_that_never_gets_clearer_is_a_stranger() -> None:
    """Shots that exceed the threshold by too little together name nobody, after three calls at most."""
    visit = await _visit([_WEAKLY] * 9)
    assert [each.outcome for each in visit.recognitions] == ["provisional"] * 3
    assert visit.decided == [None]
    assert visit.said[-1] == ("closed", "", "Ana", "unconfirmed")


def _between(rival: float, *confusable: str) -> Identification:
    """Returns the answer for a face that is Ana's by 0.8, and by so much Anna's, who may be known as her look-alike."""
    candidates = (Candidate("ana", "ana-1", 0.8), Candidate("anna", "anna-1", rival))
    return Identification(candidates, confusable=frozenset(confusable))


@in_virtual_time
async def test_a_face_between_look_alikes_is_nobodys_and_says_why() -> None:
    """What names a person beside a stranger names nobody beside their look-alike; the reason tells which it was."""
    visit = await _visit([_between(0.65, "anna")] * 3)
    assert visit.said[-1] == ("closed", "", "", "look_alikes")
    assert visit.decided == [None]
    assert visit.unknown["look_alikes"] == 1
    assert {each.outcome for each in visit.recognitions} == {"unknown"}
    for answer in (_between(0.65), _between(0.5, "anna")):
        assert (await _visit([answer])).decided == ["ana"]


_SHOWN: Sequence[Sequence[Answer]] = (
    [_CLEARLY],
    [_BARELY, _CLEARLY],
    [_BARELY, _NO_FACE, _BARELY],
    [_WEAKLY, UNKNOWN, _BARELY],
    [_BARELY, EngineUnavailable("away"), _BARELY],
    [Identification((Candidate("ana", "f", 0.8), Candidate("ben", "f", 0.73))), _CLEARLY],
)
_OTHERS = (_POLICY, replace(_POLICY, threshold=0.45), replace(_POLICY, threshold=0.53), replace(_POLICY, margin=0.05))


def _stored(visit: _Visit) -> list[StoredDecision]:
    """Returns the decisions of a visit as they are read from the store."""
    return [
        StoredDecision(
            each.recognition_id,
            "door",
            each.track_id,
            each.captured_at,
            each.engine,
            each.outcome,
            each.quality,
            True,
            each.decision,
        )
        for each in visit.recognitions
        if each.decision is not None
    ]


@in_virtual_time
async def test_what_other_settings_would_decide_is_what_a_server_with_them_decides() -> None:
    """Row by row over the shots that both ask about; with the settings that a visit was decided by, over all."""
    for answers in _SHOWN:
        visits = {policy: await _visit(answers, policy=policy) for policy in _OTHERS}
        for before, visit in visits.items():
            track = in_order(_stored(visit))
            assert [each.outcome for each in track] == [
                each.outcome for each in visit.recognitions if each.outcome != "failed"
            ]
            for after, other in visits.items():
                what_if = WhatIf(track[0].engine, after.threshold, after.margin)
                replay = replayed(track, what_if.policy)
                assert replay is not None
                said = [each.outcome for each in replay if each is not None]
                expected = [each.outcome for each in _stored(other)]
                both = min(len(said), len(expected))
                assert said[:both] == expected[:both], (answers, before, after)
                assert after != before or said == expected


@in_virtual_time
async def test_a_decision_keeps_what_it_saw() -> None:
    """The shot's number and size, the candidates, the policy, and why; nothing where no answer came."""
    visit = await _visit([EngineUnavailable("away"), _BARELY, _CLEARLY])
    first, second, third = visit.recognitions
    assert first.decision is None
    assert second.decision is not None
    assert third.decision is not None
    assert (second.decision.shot, third.decision.shot) == (2, 3)
    assert (second.decision.agreeing, third.decision.agreeing) == (0, 1)
    assert (second.decision.reason, third.decision.reason) == (DecisionReason.UNCONFIRMED, DecisionReason.NAMED)
    assert (second.decision.policy, second.decision.ranking.candidates) == (_POLICY, (Candidate("ana", "", 0.54),))
    assert second.decision.face_pixels > 0
