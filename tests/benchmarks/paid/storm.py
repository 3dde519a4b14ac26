"""A storm of throttling, then a minute in which every call fails, then recovery: who is lost, and how calls go on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import groupby
from math import isfinite

from portero_client import CameraPurpose
from tests.benchmarks.paid.pictures import Pictures, PlannedVisit
from tests.benchmarks.paid.playing import SEARCH, PlannedCamera, Played, play
from tests.benchmarks.paid.plots import Panel, Phase, draw
from tests.benchmarks.paid.report import FOLDER, Claim, Report, percentile
from tests.benchmarks.paid.settings import DEADLINE, ON_ITS_WAY, SETTINGS
from tests.benchmarks.paid.stories import Story
from tests.benchmarks.rekognition_fixture import Stand, stand
from tests.benchmarks.visit_footage import Subject

_QUOTA = 5
_PASSERS, _STAYERS = 22, 4
_RATE = 1.0
_STAY, _PAUSE = 4.0, 4.0
CALM = Phase("calm", 0.0, 20.0)
THROTTLED = Phase("all throttled", 20.0, 40.0)
FAILING = Phase("all fail", 40.0, 100.0)
RECOVERY = Phase("recovery", 100.0, 150.0)
_PHASES = (CALM, THROTTLED, FAILING, RECOVERY)
_NOTICED = 3.0
"""Seconds into trouble in which calls may still go on as before."""
_PROBED = 18.0
"""Seconds of health after which a face that stayed has been asked about: the breaker's longest pause (8 s), its three
probes, a track's longest pause between two calls (2 s), and its turn while the rate is still low.
"""
_RAMPED = 20.0
"""Seconds of health after which nobody waits for the ramp any more, nor for those who waited before."""
_FULL = 30.0
"""Seconds of health after which the whole quota may be used again."""
_STATES = ("closed", "half_open", "open")


async def run(subjects: Sequence[Subject]) -> Report:
    """Plays the storm and says what came of it."""
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
        played = await play(running, pictures, cameras, RECOVERY.end, _RATE, alongside=lambda: _disturb(running))
    _draw(played)
    return Report("storm", _claims(played), _rows(played), _document(played))


async def _disturb(running: Stand) -> None:
    await asyncio.sleep(THROTTLED.begin)
    await running.simulator.disturb(throttle={"rate": 1.0, "seconds": THROTTLED.end - THROTTLED.begin})
    await asyncio.sleep(FAILING.begin - THROTTLED.begin)
    await running.simulator.disturb(error={"rate": 1.0, "seconds": FAILING.end - FAILING.begin})


def _planned(names: Sequence[str]) -> list[PlannedCamera]:
    """People pass most cameras for a few seconds all the time; before some, somebody comes in the storm and stays."""
    chance = random.Random(6)
    cameras = []
    for number in range(_PASSERS):
        starts = [4.0 + chance.uniform(0.0, _STAY + _PAUSE)]
        while starts[-1] + _STAY + _PAUSE + 2.0 < RECOVERY.end - _STAY:
            starts.append(starts[-1] + _STAY + _PAUSE + chance.uniform(0.0, 2.0))
        visits = tuple(PlannedVisit(chance.choice(names), round(start), _STAY) for start in starts)
        cameras.append(PlannedCamera(f"passer-{number}", CameraPurpose.VISITOR, visits))
    for number in range(_STAYERS):
        start = THROTTLED.begin + 5.0 + number * 20.0
        visit = PlannedVisit(chance.choice(names), start, RECOVERY.begin + _PROBED - start)
        cameras.append(PlannedCamera(f"stayer-{number}", CameraPurpose.VISITOR, (visit,)))
    return cameras


def _claims(played: Played) -> list[Claim]:
    untold = [story for story in played.stories if story.seconds_to_tell > DEADLINE + ON_ITS_WAY]
    before = [story for story in played.stories if story.visit.start + DEADLINE <= THROTTLED.begin]
    staying = [story for story in played.stories if story.camera.startswith("stayer")]
    healthy = [story for story in played.stories if story.visit.start >= RECOVERY.begin + _RAMPED]
    answerable = [*before, *staying, *healthy]
    lost = [story for story in answerable if not isfinite(story.seconds_to_name)]
    late = [story for story in (*before, *healthy) if story.seconds_to_name > DEADLINE + ON_ITS_WAY]
    busiest = played.busiest_second()
    return_ = played.busiest_second(RECOVERY.begin, RECOVERY.begin + 5.0)
    throttled = played.calls_between(THROTTLED.begin + _NOTICED, THROTTLED.end)
    failing = played.calls_between(FAILING.begin + _NOTICED, FAILING.end)
    again = [call.at for call in played.calls if call.throttled and call.at >= RECOVERY.begin]
    full = _full_again(played)
    states = [state for state, _ in groupby(state for _, state in _breaker(played))]
    return [
        Claim(
            "whoever can be answered within the frames' deadline is named",
            not lost,
            f"{len(before)} before, {len(staying)} that stay, {len(healthy)} after: {len(lost)} lost",
        ),
        Claim("in health nobody waits longer than the deadline", not late, f"{len(late)} of {len(before + healthy)}"),
        Claim("every visit is told by its deadline what it is so far", not untold, f"{len(untold)} later or never"),
        # Counted where they arrive, in any second: one may have been held up on its way into the next one's.
        Claim("no second has more searches than the quota and one", busiest <= _QUOTA + 1, f"busiest {busiest}"),
        Claim(
            "trouble is met with at most one search a second",
            throttled <= THROTTLED.end - THROTTLED.begin and failing <= FAILING.end - FAILING.begin,
            f"{throttled} while all are throttled, {failing} while all fail",
        ),
        Claim(
            "the return is a ramp",
            return_ <= _QUOTA // 2 + 1 and not again,
            f"busiest {return_}, {len(again)} throttled",
        ),
        Claim("the whole quota is allowed again within 30 s", full <= _FULL, f"{full:.1f} s"),
        Claim(
            "the breaker opens, probes and closes, and metrics show it",
            {"open", "half_open"} <= set(states) and states[-1] == "closed",
            " ".join([*states[:3], "...", *states[-3:]]),
        ),
        Claim("nobody is called somebody else", not played.mistakes, f"{len(played.mistakes)}"),
        Claim("every frame is accounted for", played.unsettled == 0, f"{played.unsettled} are not"),
    ]


def _full_again(played: Played) -> float:
    """Returns the seconds from the end of the trouble until the scheduler allows the rate it did before."""
    rates = played.watch.series("portero_engine_rate_limit", operation=SEARCH)
    most = max(rate for _, rate in rates)
    times = [time for time, rate in rates if time >= RECOVERY.begin and rate >= 0.99 * most]
    return times[0] - RECOVERY.begin if times else float("inf")


def _breaker(played: Played) -> list[tuple[float, str]]:
    return played.watch.states("portero_engine_breaker_state", "state", operation=SEARCH)


def _during(stories: Sequence[Story], phase: Phase) -> list[Story]:
    return [story for story in stories if phase.begin <= story.visit.start < phase.end]


def _rows(played: Played) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("visits begun", "visits", "named", "p50 s", "p95 s", "told p95 s", "searches")]
    for phase in _PHASES:
        own = _during(played.stories, phase)
        named = [story.seconds_to_name for story in own if isfinite(story.seconds_to_name)]
        told = [story.seconds_to_tell for story in own]
        times = (percentile(named, 0.5), percentile(named, 0.95), percentile(told, 0.95))
        searches = played.calls_between(phase.begin, phase.end)
        rows.append((phase.name, f"{len(own)}", f"{len(named)}", *(f"{time:.2f}" for time in times), f"{searches}"))
    return rows


def _document(played: Played) -> dict[str, object]:
    return {
        "phases": {phase.name: (phase.begin, phase.end) for phase in _PHASES},
        "calls_by_second": [played.calls_between(second, second + 1) for second in range(int(played.seconds) + 1)],
        "retries": played.watch.last("portero_engine_call_retries_total", operation=SEARCH),
        "rate_allowed": played.watch.series("portero_engine_rate_limit", operation=SEARCH),
        "breaker": [next(group) for _, group in groupby(_breaker(played), key=lambda point: point[1])],
        "mistakes": played.mistakes,
        "simulator": dict(played.state),
    }


def _draw(played: Played) -> None:
    breaker = [(time, float(_STATES.index(state))) for time, state in _breaker(played)]
    names = [
        (story.shown, story.seconds_to_name)
        for story in played.stories
        if story.shown is not None and isfinite(story.seconds_to_name)
    ]
    panels = [
        Panel(
            "searches a second\nallowed", {"rate": played.watch.series("portero_engine_rate_limit", operation=SEARCH)}
        ),
        Panel("breaker", {"state": breaker}, names=_STATES),
        Panel("seconds to name", {"visits": names}, dots=True),
    ]
    draw(FOLDER / "paid-storm.png", "Throttling, failures, recovery", played, _QUOTA, _PHASES, panels)
