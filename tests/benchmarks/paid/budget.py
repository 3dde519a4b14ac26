"""Ten cents a day, spent within two minutes: each step of degradation in its order, and not a call too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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

_DOLLARS = 0.10
_VISITORS, _DESKS = 9, 2
_EVERY, _STAY, _SECONDS = 6.0, 3.0, 100.0
_RATE = 2.0
_STEPS = ("normal", "fewer_retries", "longer_deadlines", "local_only", "stopped")
_QUOTA = 50


async def run(subjects: Sequence[Subject]) -> Report:
    """Spends the money and says what came of it."""
    pictures = Pictures(subjects)
    cameras = _planned(pictures.names)
    async with stand(
        subjects,
        {camera.name: camera.purpose for camera in cameras},
        ("--latency", "0.15"),
        budget_daily=str(_DOLLARS),
        **SETTINGS,
    ) as running:
        enrolled = (await running.simulator.state())["dollars"]
        played = await play(running, pictures, cameras, _SECONDS, _RATE)
        searched = await _searched(running)
        steps = [line for line in running.server.lines if line["event"] == "budget_step" and line["scope"] == "total"]
    begins = _begins(played)
    told = [str(step["after"]) for step in steps]
    _draw(played, begins)
    document = {
        "steps_begin": begins,
        "steps_logged": steps,
        "dollars": {"enrollment": enrolled, "visits": played.state["dollars"]},
        "searches": searched,
        "mistakes": played.mistakes,
        "simulator": dict(played.state),
    }
    return Report("budget", _claims(played, begins, told, enrolled), _rows(played, begins), document)


def _planned(names: Sequence[str]) -> list[PlannedCamera]:
    visits = int((_SECONDS - 4.0) / _EVERY)
    purposes = [CameraPurpose.VISITOR] * _VISITORS + [CameraPurpose.CHECK_IN] * _DESKS
    return [
        PlannedCamera(
            f"{'desk' if purpose is CameraPurpose.CHECK_IN else 'door'}-{number}",
            purpose,
            tuple(
                PlannedVisit(
                    names[(number + visit) % len(names)], 2.0 + visit * _EVERY + number * _EVERY / len(purposes), _STAY
                )
                for visit in range(visits)
            ),
        )
        for number, purpose in enumerate(purposes)
    ]


async def _searched(running: Stand) -> dict[str, int]:
    """Returns the searches of each camera, as the server's own accounts have them."""
    usage = await running.client.usage()
    return {line.camera: line.calls for line in usage.calls if line.operation == SEARCH}


def _begins(played: Played) -> dict[str, float]:
    """Returns when each step was first seen in the metrics, seconds."""
    seen = played.watch.series("portero_budget_step", scope="total")
    return {
        _STEPS[step]: next(time for time, value in seen if value == step) for step in sorted({int(v) for _, v in seen})
    }


def _phases(begins: dict[str, float]) -> list[Phase]:
    ends = [*list(begins.values())[1:], _SECONDS]
    return [Phase(step, begin, end) for (step, begin), end in zip(begins.items(), ends, strict=True)]


def _claims(played: Played, begins: dict[str, float], told: Sequence[str], enrolled: float) -> list[Claim]:
    seen = [value for _, value in played.watch.series("portero_budget_step", scope="total")]
    spent = enrolled + played.state["dollars"]
    counted = played.watch.last("portero_budget_spent_dollars", scope="total")
    local, stopped = begins.get("local_only", _SECONDS), begins.get("stopped", _SECONDS)
    kept = played.calls_between(local + ON_ITS_WAY, _SECONDS)
    desks = [each for each in _between(played, local - _STAY, stopped) if each.purpose is CameraPurpose.CHECK_IN]
    free = [each for each in _between(played, local + ON_ITS_WAY, stopped - DEADLINE) if each not in desks]
    unnamed = [each for each in free if not isfinite(each.seconds_to_name)]
    after = _between(played, stopped + ON_ITS_WAY, _SECONDS)
    afterwards = played.calls_between(stopped + ON_ITS_WAY, _SECONDS)
    untold = [each for each in played.stories if each.seconds_to_tell > DEADLINE + ON_ITS_WAY]
    instead = played.watch.last("portero_recognitions_avoided_total", reason="budget")
    return [
        Claim(
            "metrics show each step, and none goes back",
            [*begins] == [*_STEPS] and seen == sorted(seen),
            " ".join(begins),
        ),
        Claim("the log tells each step once, in order", [*told] == [*_STEPS[1:]], " ".join(told)),
        Claim("not a cent above the budget is spent", spent <= _DOLLARS + 1e-9, f"${spent:.3f} of ${_DOLLARS:.2f}"),
        Claim("server and simulator count the same money", abs(spent - counted) < 1e-9, f"${counted:.3f}"),
        Claim(
            "with the local engine only, just the desks are paid for",
            kept <= len(desks),
            f"{kept} searches, {len(desks)} visits to desks",
        ),
        Claim(
            "the others are named by the local engine then",
            not unnamed and len(free) > 0 and instead >= len(free),
            f"{len(free) - len(unnamed)} of {len(free)}, {instead:.0f} answers instead of calls",
        ),
        Claim(
            "when stopped nobody is searched or named any more",
            afterwards == 0 and len(after) > 0 and not any(isfinite(each.seconds_to_name) for each in after),
            f"{afterwards} searches, {len(after)} visits",
        ),
        Claim("every visit is told by its deadline what it is", not untold, f"{len(untold)} later or never"),
        Claim("nobody is called somebody else", not played.mistakes, f"{len(played.mistakes)}"),
        Claim("every frame is accounted for", played.unsettled == 0, f"{played.unsettled} are not"),
    ]


def _between(played: Played, begin: float, end: float) -> list[Story]:
    return [each for each in played.stories if each.shown is not None and begin <= each.shown < end]


def _rows(played: Played, begins: dict[str, float]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("step", "from s", "visits", "named", "at desks", "named there", "searches", "to name p95 s", "told p95 s")
    ]
    for phase in _phases(begins):
        own = _between(played, phase.begin, phase.end)
        named = [each for each in own if isfinite(each.seconds_to_name)]
        at_desks = Counter(isfinite(each.seconds_to_name) for each in own if each.purpose is CameraPurpose.CHECK_IN)
        counts = (len(own), len(named), at_desks.total(), at_desks[True], played.calls_between(phase.begin, phase.end))
        to_name = percentile([each.seconds_to_name for each in named], 0.95)
        told = percentile([each.seconds_to_tell for each in own], 0.95)
        rows.append((phase.name, f"{phase.begin:.0f}", *map(str, counts), f"{to_name:.2f}", f"{told:.2f}"))
    return rows


def _draw(played: Played, begins: dict[str, float]) -> None:
    spent = played.watch.series("portero_budget_spent_dollars", scope="total")
    names = {
        purpose.value: [
            (each.shown, each.seconds_to_name)
            for each in played.stories
            if each.purpose is purpose and each.shown is not None and isfinite(each.seconds_to_name)
        ]
        for purpose in (CameraPurpose.VISITOR, CameraPurpose.CHECK_IN)
    }
    panels = [
        Panel("dollars spent", {"total": spent}),
        Panel("step", {"total": played.watch.series("portero_budget_step", scope="total")}, names=_STEPS),
        Panel("seconds to name", names, dots=True),
    ]
    draw(FOLDER / "paid-budget.png", "Ten cents a day", played, _QUOTA, _phases(begins), panels)
