"""Visits with ground truth against a real server and the simulator: who is named how soon, at how many paid calls.

    python -m tests.benchmarks.visits --rate 5 --rate 10
    python -m tests.benchmarks.visits --users --dataset FOLDER --photos 2      faces, and the same people as users
    python -m tests.benchmarks.visits --look-alikes 8 --rate 5                 look-alikes of them are enrolled, too

Several cameras show their own footage at the same time, each at its real rate, so that deadlines and latencies are
real; the cameras in parallel are what makes it quicker than the footage is long.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from portero.v1 import stream_pb2

from portero_client import CameraPurpose, ConfusablePair
from tests.benchmarks.look_alikes.cast import Pair, write_cast
from tests.benchmarks.look_alikes.shots import SCALES, sweep
from tests.benchmarks.machine import machine
from tests.benchmarks.rekognition_fixture import stand
from tests.benchmarks.visit_baseline import first_seen, visits_found
from tests.benchmarks.visit_figures import Decision, Figures
from tests.benchmarks.visit_footage import Footage, Subject, folder_subjects, make_footage, public_subjects
from tests.support.client.streaming import show
from tests.support.processes.simulator_process import SimulatorProcess

_DECIDED = (stream_pb2.TRACK_STATE_CONFIRMED, stream_pb2.TRACK_STATE_REVISED)


async def main() -> int:
    """Runs the benchmark and prints its figures as one JSON document."""
    arguments = _arguments()
    runs, shots = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subjects, pairs = _subjects(arguments, folder)
        for rate in arguments.rate or [5.0, 10.0]:
            footage = make_footage(
                subjects,
                folder,
                cameras=arguments.cameras,
                visits=-(-arguments.visits // arguments.cameras),
                rate=rate,
                seed=arguments.seed,
            )
            baseline = await asyncio.gather(*(visits_found(subjects, each) for each in footage))
            seen = await asyncio.gather(*(asyncio.to_thread(first_seen, each) for each in footage))
            if arguments.look_alikes:
                shots += await sweep(subjects, footage)
            runs += [
                await _run(arguments, subjects, pairs, footage, baseline, seen, variant)
                for variant in _variants(arguments)
            ]
    document = {"machine": machine(), "look_alikes": [asdict(pair) for pair in pairs], "shots": shots, "runs": runs}
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


@dataclass(frozen=True, slots=True)
class _Variant:
    """What differs between runs on the same footage.

    Attributes:
        remembered: How long faces are remembered, seconds.
        users: Whether people are users of the collection.
        margin: Least lead over a look-alike, 0..1: the ordinary one is no guard; None: the engine's default.
    """

    remembered: float
    users: bool
    margin: float | None

    @property
    def settings(self) -> dict[str, str]:
        """PORTERO_… variables of the server, without prefix."""
        margin = {} if self.margin is None else {"match_confusable_margin": str(self.margin)}
        return margin | {
            "remember_people": str(self.remembered),
            "remember_strangers": str(self.remembered),
            "rekognition_users": str(self.users).lower(),
        }


def _variants(arguments: argparse.Namespace) -> list[_Variant]:
    policy = SCALES[arguments.engine].policy
    ordinary, guarded = policy.margin, round(policy.confusable_margin / policy.margin, 2)
    factors = (arguments.margin_factor or [1.0, guarded]) if arguments.look_alikes else [None]
    return [
        _Variant(remembered, users, None if factor is None else factor * ordinary)
        for remembered in ((0.0, 60.0) if arguments.memory else (0.0,))
        for users in ((False, True) if arguments.users else (False,))
        for factor in factors
    ]


def _subjects(arguments: argparse.Namespace, folder: Path) -> tuple[Sequence[Subject], Sequence[Pair]]:
    """Returns who comes, and who was made to resemble whom."""
    if arguments.look_alikes:
        people, scraps = folder / "people", folder / "scraps"
        people.mkdir()
        scraps.mkdir()
        cast = write_cast(people, scraps, arguments.dataset, arguments.look_alikes)
        return cast.subjects, cast.pairs
    if arguments.dataset is None:
        return public_subjects(folder), []
    return folder_subjects(arguments.dataset, arguments.strangers, arguments.photos), []


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--dataset", type=Path, help="folder of people, a folder each; default: public-domain portraits"
    )
    parser.add_argument("--strangers", type=int, default=1, help="how many of the folder's last people are strangers")
    parser.add_argument("--photos", type=int, default=1, help="how many of a person's pictures are learned")
    parser.add_argument("--users", action="store_true", help="measure with people as users of the collection, too")
    parser.add_argument(
        "--look-alikes",
        type=int,
        default=0,
        help="make and enroll so many, and strangers who resemble the same people; all of the folder are enrolled",
    )
    parser.add_argument(
        "--margin-factor",
        type=float,
        action="append",
        help="with --look-alikes: the margin between them as a multiple of the ordinary one, which is no guard; may be "
        "given again; default: 1 and the engine's own",
    )
    parser.add_argument("--engine", choices=("rekognition", "local"), default="rekognition", help="the server's")
    parser.add_argument("--visits", type=int, default=200)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--rate", type=float, action="append", help="frames a second; may be given again")
    parser.add_argument("--latency", type=float, default=0.15, help="median service time, seconds")
    parser.add_argument(
        "--deadline",
        type=float,
        default=2.0,
        help="decision deadline, seconds; longer on a busy machine, for right counts (but not times)",
    )
    parser.add_argument("--unsteered", action="store_true", help="without steering, so that every picture is sent")
    parser.add_argument("--idle-after", type=float, default=30.0, help="seconds after which a camera is idle")
    parser.add_argument("--memory", action="store_true", help="measure with remembered faces, too")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


async def _run(
    arguments: argparse.Namespace,
    subjects: Sequence[Subject],
    pairs: Sequence[Pair],
    footage: list[Footage],
    baseline: list[list[bool]],
    seen: list[list[float | None]],
    variant: _Variant,
) -> dict[str, Any]:
    names = [f"cam-{number}" for number in range(len(footage))]
    async with stand(
        subjects,
        dict.fromkeys(names, CameraPurpose.VISITOR),
        ("--latency", str(arguments.latency)),
        arguments.engine,
        decision_deadline=str(arguments.deadline),
        rekognition_read_timeout=str(min(6.0, arguments.deadline)),
        database_timeout=str(max(5.0, 5 * arguments.deadline)),
        steer="false" if arguments.unsteered else "true",
        steer_idle_after=str(arguments.idle_after),
        **variant.settings,
    ) as running:
        known = [pair async for pair in running.client.people.confusable()]
        alike = {pair.person: _alike(pair.person, known) for pair in pairs}
        await running.simulator.reset()
        began = time.monotonic()
        heard = await asyncio.gather(
            *(_push(running.channel, camera, each) for camera, each in zip(names, footage, strict=True))
        )
        seconds = time.monotonic() - began
        figures = Figures()
        for camera, each, expected, visible, decisions in zip(names, footage, baseline, seen, heard, strict=True):
            figures.add(camera, each, expected, visible, decisions.taken)
        return {
            "rate": footage[0].rate,
            "remembered_seconds": variant.remembered,
            "engine": arguments.engine,
            "users": variant.users,
            "confusable_margin": variant.margin,
            "confusable_pairs": len(known),
            # A pair that the enrollment missed is not guarded, and its figures say nothing of the margin.
            "unnoticed": [pair.like for pair in pairs if pair.like and f"people/{pair.like}" not in alike[pair.person]],
            "seconds": round(seconds, 1),
            **figures.document(),
            "idle_after": None if arguments.unsteered else arguments.idle_after,
            "frames_sent": sum(each.sent for each in heard),
            "directives": sum(each.directives for each in heard),
            **await _money(running.simulator, figures.visits, sum(len(each.frames) for each in footage)),
        }


def _alike(person: str, known: Sequence[ConfusablePair]) -> set[str]:
    """Returns the resource names of those whom the server keeps apart from a person."""
    pairs = ({pair.first_person, pair.second_person} for pair in known)
    return {other for pair in pairs if f"people/{person}" in pair for other in pair}


async def _money(simulator: SimulatorProcess, visits: int, frames: int) -> dict[str, Any]:
    state = await simulator.state()
    calls = {operation: each["calls"] for operation, each in state["operations"].items()}
    return {
        "frames": frames,
        "paid_calls": calls,
        "searches_a_visit": round(
            (calls.get("SearchFacesByImage", 0) + calls.get("SearchUsersByImage", 0)) / visits, 3
        ),
        "times_fewer_than_one_a_frame": round(frames / max(1, sum(calls.values())), 1),
        "dollars": state["dollars"],
    }


async def _push(channel: grpc.aio.Channel, camera: str, footage: Footage) -> _Decisions:
    """Streams a camera's footage at its rate and returns what was decided."""
    began = datetime.now(UTC)
    decisions = _Decisions(began)
    await show(channel, camera, footage.frames, footage.rate, began, decisions, obeys=True)
    return decisions


@dataclass(slots=True)
class _Decisions:
    """Implements Audience: collects what is decided in a stream that `began` then, and counts frames and Directives."""

    began: datetime
    taken: list[Decision] = field(default_factory=list)
    sent: int = 0
    directives: int = 0

    def sending(self, sequence: int, starved: float) -> None:
        """Counts a frame; times are the server's own here."""
        self.sent = sequence

    def heard(self, answer: stream_pb2.StreamFramesResponse) -> None:
        """Keeps decisions, and counts requests for another rate."""
        self.directives += answer.WhichOneof("message") == "directive" and answer.directive.HasField("max_rate")
        if answer.WhichOneof("message") == "track_update" and answer.track_update.state in _DECIDED:
            self.taken.append(_decision(answer.track_update, self.began))


def _decision(update: stream_pb2.TrackUpdate, began: datetime) -> Decision:
    timed = update.HasField("timing")
    return Decision(
        track=update.track,
        name=update.match.person.removeprefix("people/"),
        time=(update.last_seen_time.ToDatetime(UTC) - began).total_seconds(),
        x=update.box.left + update.box.width / 2,
        time_to_name=update.timing.time_to_name.ToTimedelta().total_seconds() if timed else None,
        heard=(datetime.now(UTC) - began).total_seconds(),
        similarity=update.match.similarity,
        margin=update.match.margin,
    )


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
