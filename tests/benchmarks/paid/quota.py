"""Forty cameras, a quota of five searches a second, and everybody comes at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import isfinite

from portero_client import CameraPurpose
from tests.benchmarks.paid.pictures import Pictures, PlannedVisit
from tests.benchmarks.paid.playing import SEARCH, PlannedCamera, Played, play
from tests.benchmarks.paid.plots import Panel, Phase, draw
from tests.benchmarks.paid.report import FOLDER, Claim, Report, percentile
from tests.benchmarks.paid.settings import DEADLINE, ON_ITS_WAY, SETTINGS
from tests.benchmarks.paid.stories import Story
from tests.benchmarks.rekognition_fixture import stand
from tests.benchmarks.visit_footage import Subject

_QUOTA = 5
_CAMERAS = {CameraPurpose.CHECK_IN: 4, CameraPurpose.VISITOR: 26, CameraPurpose.ATTENDANCE: 10}
_LEAD = 4.0
"""Seconds in which the streams open and the cameras get used to the wall."""
_BURSTS, _BURST_EVERY, _STAY = 4, 15.0, 10.0
_RATE = 1.0


async def run(subjects: Sequence[Subject]) -> Report:
    """Plays the bursts and says what came of them."""
    pictures = Pictures(subjects)
    cameras = _planned(pictures.names)
    async with stand(
        subjects,
        {camera.name: camera.purpose for camera in cameras},
        ("--quota", f"{SEARCH}={_QUOTA}", "--latency", "0.15"),
        rekognition_quotas=f'{{"{SEARCH}": {_QUOTA}}}',
        local_backing="false",
        **SETTINGS,
    ) as running:
        played = await play(running, pictures, cameras, _LEAD + _BURSTS * _BURST_EVERY, _RATE)
    _draw(played)
    return Report("quota", _claims(played), _rows(played), _document(played))


def _planned(names: Sequence[str]) -> list[PlannedCamera]:
    chance = random.Random(5)
    purposes = [purpose for purpose, count in _CAMERAS.items() for _ in range(count)]
    return [
        PlannedCamera(
            f"{purpose.value.replace('_', '-')}-{number}",
            purpose,
            tuple(PlannedVisit(chance.choice(names), _LEAD + burst * _BURST_EVERY, _STAY) for burst in range(_BURSTS)),
        )
        for number, purpose in enumerate(purposes)
    ]


def _claims(played: Played) -> list[Claim]:
    throttled = [call.at for call in played.calls if call.throttled]
    late = sum(at >= 1.0 for at in throttled)
    busiest = played.busiest_second()
    check_in = [story.seconds_to_name for story in played.stories if story.purpose is CameraPurpose.CHECK_IN]
    p95 = percentile(check_in, 0.95)
    untold = [story for story in played.stories if story.seconds_to_tell > DEADLINE + ON_ITS_WAY]
    served = {story.camera for story in played.stories if isfinite(story.seconds_to_name)}
    unserved = {story.camera for story in played.stories} - served
    refusals = played.watch.last("portero_engine_refusals_total", reason="EXPIRED")
    delayed = sum(not story.seconds_to_name <= DEADLINE for story in played.stories)
    others = sum(
        played.watch.last("portero_engine_refusals_total", reason=reason)
        for reason in ("QUEUE_FULL", "ENGINE_CIRCUIT_OPEN")
    )
    return [
        Claim("nothing is throttled after the first second", late == 0, f"{late}, and {len(throttled) - late} in it"),
        # Counted where they arrive, in any second: one may have been held up on its way into the next one's.
        Claim("no second has more searches than the quota and one", busiest <= _QUOTA + 1, f"busiest {busiest}"),
        Claim("check-in is named within 1 s of its first frame, p95", p95 <= 1.0, f"{p95:.3f} s"),
        Claim("every visit is told by its deadline what it is so far", not untold, f"{len(untold)} later or never"),
        Claim(
            "what was not answered in time is counted as EXPIRED",
            refusals >= delayed > 0 and others == 0,
            f"{refusals:.0f} refusals, {delayed} visits not named by their deadline",
        ),
        Claim("no camera is starved of names", not unserved, f"{len(served)} cameras had one, {len(unserved)} none"),
        Claim("nobody is called somebody else", not played.mistakes, f"{len(played.mistakes)}"),
        Claim("every frame is accounted for", played.unsettled == 0, f"{played.unsettled} are not"),
    ]


def _rows(played: Played) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("lane", "visits", "named by deadline", "named later", "never", "p50 s", "p95 s", "told p95 s", "EXPIRED")
    ]
    for purpose in _CAMERAS:
        own = [story for story in played.stories if story.purpose is purpose]
        named = sorted(story.seconds_to_name for story in own if isfinite(story.seconds_to_name))
        in_time = sum(seconds <= DEADLINE for seconds in named)
        expired = played.watch.last("portero_engine_refusals_total", lane=purpose.value, reason="EXPIRED")
        counts = (len(own), in_time, len(named) - in_time, len(own) - len(named))
        times = (percentile(named, 0.5), percentile(named, 0.95), percentile([s.seconds_to_tell for s in own], 0.95))
        rows.append((purpose.value, *map(str, counts), *(f"{time:.2f}" for time in times), f"{expired:.0f}"))
    return rows


def _document(played: Played) -> dict[str, object]:
    seconds = range(int(played.seconds) + 1)
    return {
        "cameras": {purpose.value: count for purpose, count in _CAMERAS.items()},
        "calls_by_second": [played.calls_between(second, second + 1) for second in seconds],
        "searches_a_visit": round(len(played.calls) / len(played.stories), 3),
        "seconds_to_name": {purpose.value: _times(played.stories, purpose) for purpose in _CAMERAS},
        "mistakes": played.mistakes,
        "simulator": dict(played.state),
    }


def _times(stories: Sequence[Story], purpose: CameraPurpose) -> list[float | None]:
    own = [story.seconds_to_name for story in stories if story.purpose is purpose]
    return [round(seconds, 3) if isfinite(seconds) else None for seconds in sorted(own)]


def _draw(played: Played) -> None:
    bursts = [
        Phase(f"burst {number + 1}", _LEAD + number * _BURST_EVERY, _LEAD + number * _BURST_EVERY + _STAY)
        for number in range(_BURSTS)
    ]
    answers = {
        purpose.value: [
            (story.shown, story.seconds_to_name)
            for story in played.stories
            if story.purpose is purpose and story.shown is not None and isfinite(story.seconds_to_name)
        ]
        for purpose in _CAMERAS
    }
    refusals = {
        purpose.value: played.watch.series("portero_engine_refusals_total", lane=purpose.value, reason="EXPIRED")
        for purpose in _CAMERAS
    }
    panels = [Panel("seconds to name", answers, dots=True), Panel("EXPIRED so far", refusals)]
    draw(FOLDER / "paid-quota.png", "40 cameras, 5 searches a second", played, _QUOTA, bursts, panels)
