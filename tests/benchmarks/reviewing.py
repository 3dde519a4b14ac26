"""A month of generated sightings, 200 of them reviewed by script: what that does to names, and whether a what-if holds.

    python -m tests.benchmarks.reviewing [--days 30] [--visits 60] [--reviews 200] [--seed 1]

Faces are generated similarities, so nothing is recognized here; they are decided, stored, reviewed and replayed by the
server's own parts, in a database file. A stranger who resembles somebody passes one door every day. The month is
decided once; people review what the queue shows, knowing the truth. The next month is decided with and without what
they demanded. Each what-if is compared, shot by shot, with a decision made anew by those settings; a difference ends
the program with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portero_server.domain.detection.detections import Candidate, MatchPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.reviews import ReviewAction
from portero_server.domain.recording.sightings import Recognition, Sighting, TrackDecided
from portero_server.domain.tracking.deciding import FaceDecision, FaceVerdict, Ranking, verdict
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.what_if import StoredDecision, WhatIf, in_order, replayed
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.what_if import Replays
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionCursor, DecisionFilter, DecisionStore
from portero_server.store.migrations import migrate
from portero_server.store.people import PeopleStore
from portero_server.store.sighting_reviews import SightingReviewStore
from portero_server.store.sightings import SightingCursor, SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from portero_server.telemetry.metrics import Metrics
from tests.support.store.commits import commit_of
from tests.support.time.virtual_time import ManualClock

_ENGINE = "scripted"
_POLICY = MatchPolicy(0.5, 0.05, sure_by=0.05, sure_by_tenfold=0.01, sure_quality=0.2, confusable_margin=0.1)
_PEOPLE = [f"guest-{number:02}" for number in range(40)]
_CAMERAS = ("door", "gate", "desk")
_DOUBLE, _RESEMBLED = "door", _PEOPLE[0]
_THRESHOLDS = (0.4, 0.45, 0.5, 0.55, 0.6)
_SHOTS = 3
_BEGINS = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

Demanded = dict[tuple[str, str, str], float]


@dataclass(frozen=True, slots=True)
class _Visit:
    """A face at a camera: whose it is (None: nobody's of the gallery), and what the engine would say of its shots."""

    track_id: str
    camera_id: str
    begins: datetime
    truth: str | None
    shots: tuple[tuple[Ranking, float], ...]

    def decided(self, policy: MatchPolicy, demanded: Demanded) -> list[tuple[FaceVerdict, FaceDecision]]:
        """Returns what a server decides about it, shot by shot until it has a name."""
        made: list[tuple[FaceVerdict, FaceDecision]] = []
        before: Evidence | None = None
        for number, (ranking, quality) in enumerate(self.shots, 1):
            best = max(ranking.candidates, key=lambda each: each.similarity).person_id
            asked = replace(ranking, demanded=demanded.get((_ENGINE, self.camera_id, best), 0.0))
            said = verdict(asked, quality, policy, before)
            agreeing = 0 if before is None else before.shots
            made.append((said, FaceDecision(number, 96, asked.kept(), policy, agreeing, said.reason)))
            before = said.weighed.evidence
            if said.weighed.match is not None:
                break
        return made


def main() -> int:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--visits", type=int, default=60, help="a day")
    parser.add_argument("--reviews", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder), arguments))


async def _run(folder: Path, arguments: argparse.Namespace) -> int:
    chance, clock = random.Random(arguments.seed), ManualClock()
    database = Database(f"sqlite+aiosqlite:///{folder / 'portero.db'}", pool_size=1, timeout=60)
    await migrate(database)
    people = PeopleStore(database, clock)
    for person_id in _PEOPLE:
        await people.create(person_id, person_id, {})
    first, second = (
        [
            _visit(chance, month * arguments.days + day, number)
            for day in range(arguments.days)
            for number in range(arguments.visits)
        ]
        for month in (0, 1)
    )
    await _record(database, clock, first)
    truth = {visit.track_id: visit.truth for visit in first}
    before = await _names(database)
    print(f"{len(first)} visits in {arguments.days} days; precision and recall of names:")
    _print("as decided", truth, before)
    said = await _reviewed(database, clock, truth, arguments.reviews)
    print(f"reviewed: {', '.join(f'{count} {action}' for action, count in sorted(said.items()))}")
    _print("after the reviews", truth, await _names(database))
    demanded = dict(await SightingReviewStore(database, clock).demanded())
    print(f"the next month, with {len(demanded)} demands:")
    later = {visit.track_id: visit.truth for visit in second}
    for title, asked in (("without them", {}), ("with them", demanded)):
        _print(title, later, {visit.track_id: _last(visit.decided(_POLICY, asked)) for visit in second})
    return await _tried(database, clock, first)


def _visit(chance: random.Random, day: int, number: int) -> _Visit:
    begins = _BEGINS + timedelta(days=day, seconds=600 * number)
    if number == 0:
        return _seen(chance, day, number, _DOUBLE, begins, None, (_RESEMBLED, 0.56))
    camera_id = chance.choice(_CAMERAS)
    if chance.random() < 0.3:
        return _seen(chance, day, number, camera_id, begins, None, (chance.choice(_PEOPLE), chance.gauss(0.38, 0.06)))
    person_id = chance.choice(_PEOPLE)
    return _seen(chance, day, number, camera_id, begins, person_id, (person_id, chance.gauss(0.64, 0.08)))


def _seen(
    chance: random.Random,
    day: int,
    number: int,
    camera_id: str,
    begins: datetime,
    truth: str | None,
    like: tuple[str, float],
) -> _Visit:
    best, similarity = like
    shots = []
    for _ in range(_SHOTS):
        others = {person_id: min(0.9, max(0.0, chance.gauss(0.2, 0.07))) for person_id in chance.sample(_PEOPLE, 8)}
        others[best] = min(0.99, max(0.0, similarity + chance.gauss(0.0, 0.02)))
        candidates = tuple(Candidate(person_id, "", alike) for person_id, alike in others.items())
        shots.append((Ranking(candidates, people=len(_PEOPLE)), chance.uniform(0.3, 0.9)))
    return _Visit(f"{camera_id}.e1.{day}.{number}", camera_id, begins, truth, tuple(shots))


async def _record(database: Database, clock: ManualClock, visits: Sequence[_Visit]) -> None:
    streams, recording = StreamStore(database, clock), Recording(database, clock)
    rows = {camera_id: await streams.open(camera_id, "e1", camera_id) for camera_id in _CAMERAS}
    for start in range(0, len(visits), 200):
        commits = []
        for camera_id, row in rows.items():
            some = [visit for visit in visits[start : start + 200] if visit.camera_id == camera_id]
            answers = [answer for visit in some for answer in _answers(visit)]
            commits.append(commit_of(row, *map(_track, some), recognitions=answers))
        await recording.commit(commits)


def _answers(visit: _Visit) -> Iterable[Recognition]:
    for (said, decision), (_, quality) in zip(visit.decided(_POLICY, {}), visit.shots, strict=False):
        match, moment = said.match, visit.begins + timedelta(seconds=decision.shot)
        name = f"{visit.track_id}.{decision.shot}"
        yield Recognition(
            recognition_id=name,
            track_id=visit.track_id,
            sequence=decision.shot,
            captured_at=moment,
            engine=_ENGINE,
            outcome=said.outcome,
            person_id=None if match is None else match.person_id,
            similarity=0.0 if match is None else match.similarity,
            margin=0.0 if match is None else match.margin,
            quality=quality,
            latency=0.1,
            decision=decision,
        )


def _track(visit: _Visit) -> TrackDecided:
    said, _ = visit.decided(_POLICY, {})[-1]
    ends = visit.begins + timedelta(seconds=20)
    box = Box(0.4, 0.3, 0.1, 0.15)
    return TrackDecided(visit.track_id, said.weighed.match, visit.begins, ends, box, timedelta(seconds=60))


def _last(decided: Sequence[tuple[FaceVerdict, FaceDecision]]) -> str | None:
    match = decided[-1][0].weighed.match
    return None if match is None else match.person_id


async def _sightings(database: Database) -> list[Sighting]:
    store, found, after = SightingStore(database), list[Sighting](), None
    while page := await store.list(SightingFilter(), 1000, after):
        found += page
        after = SightingCursor(page[-1].first_seen, page[-1].sighting_id)
    return found


async def _names(database: Database) -> dict[str, str | None]:
    """Returns who is seen on each track, as lists show it; each visit of this program is one track and sighting."""
    tracks = {(visit.camera_id, visit.captured_at): visit.track_id for visit in await _decisions(database)}
    return {
        tracks[sighting.camera_id, sighting.first_seen + timedelta(seconds=1)]: sighting.person_id
        for sighting in await _sightings(database)
    }


async def _decisions(database: Database) -> list[StoredDecision]:
    store, found, after = DecisionStore(database), list[StoredDecision](), None
    while page := await store.list(DecisionFilter(), 1000, after):
        found += page
        after = DecisionCursor(page[-1].captured_at, page[-1].recognition_id)
    return found


async def _reviewed(database: Database, clock: ManualClock, truth: dict[str, str | None], count: int) -> dict[str, int]:
    """Reviews the queue's first sightings, as somebody who knows everybody would. Returns how often what was said."""
    store, metrics = SightingReviewStore(database, clock), Metrics(version="0", engine=_ENGINE).decisions
    reviews = Reviews(
        SightingStore(database),
        DecisionStore(database),
        store,
        lambda position: None,
        metrics,
        clock,
        engine=_ENGINE,
        demanded_for=timedelta(days=60),
    )
    said: dict[str, int] = {}
    after: SightingCursor | None = None
    while sum(said.values()) < count:
        page = await reviews.queue(SightingFilter(), 100, after, ())
        for queued in page.queued[: count - sum(said.values())]:
            sighting, real = queued.sighting, truth[queued.decisions[0].track_id]
            action, person_id = ReviewAction.IGNORE, None
            if real is not None:
                action, person_id = ReviewAction.THIS_IS, real
            elif sighting.person_id is not None:
                action, person_id = ReviewAction.NOT, sighting.person_id
            await reviews.review(sighting, action, person_id, "", "benchmark")
            said[action.value] = said.get(action.value, 0) + 1
        if (after := page.after) is None:
            break
    return said


def _print(title: str, truth: dict[str, str | None], names: dict[str, str | None]) -> None:
    named = {track_id: name for track_id, name in names.items() if name is not None}
    right = sum(truth[track_id] == name for track_id, name in named.items())
    known = sum(person_id is not None for person_id in truth.values())
    print(
        f"  {title:<18} precision {right / max(1, len(named)):7.2%} ({len(named) - right} wrong of {len(named)})   "
        f"recall {right / max(1, known):7.2%} ({known - right} of {known} without their name)"
    )


async def _tried(database: Database, clock: ManualClock, visits: Sequence[_Visit]) -> int:
    """Compares each what-if with decisions made anew. Returns 1 if one differs."""
    tracks: dict[str, list[StoredDecision]] = {}
    for decision in await _decisions(database):
        tracks.setdefault(decision.track_id, []).append(decision)
    print("what-if, against the same shots decided anew by each threshold:")
    print("  threshold   rows compared   different   named   right   wrong   wrong share (95 %)")
    reviews, metrics = SightingReviewStore(database, clock), Metrics(version="0", engine=_ENGINE).decisions
    replays = Replays(DecisionStore(database), reviews, _ENGINE, metrics)
    results, _ = await replays.replay(DecisionFilter(), _THRESHOLDS, None)
    failed = 0
    for threshold, result in zip(_THRESHOLDS, results, strict=True):
        compared = different = 0
        for visit in visits:
            track = in_order(tracks[visit.track_id])
            replay = replayed(track, WhatIf(_ENGINE, threshold).policy) or []
            anew = visit.decided(replace(_POLICY, threshold=threshold), {})
            asked = [each for each in replay if each is not None]
            for one, (other, _) in zip(asked, anew, strict=False):
                compared += 1
                different += (one.outcome, one.reason, one.match) != (other.outcome, other.reason, other.match)
        share, total = result.tried.wrong_share, result.total
        mark = " (as decided)" if threshold == _POLICY.threshold else ""
        print(
            f"  {threshold:9.2f} {compared:15,} {different:11} {total.named_after:7,} {total.right:7} {total.wrong:7}"
            f"   {share.low:.1%} to {share.high:.1%}{mark}"
        )
        failed += different
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
