"""Holds what was stored against what was promised: every difference is a violation, in words.

Stricter than a queue's total order: nothing acknowledged is lost, nothing is counted twice, nothing is made up,
nothing is at a foreign camera, and no watermark goes back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portero_server.domain.frames import FrameOutcome
from portero_server.store.schema import OUTCOME_COLUMNS
from tests.chaos.foreseen import ForeseenTrack, foreseen_sightings
from tests.chaos.ledger import Numbering, Told
from tests.chaos.put_aside import Excuses, refused_by_the_store
from tests.chaos.script import Sight, camera_name, index_of, shown
from tests.chaos.stored import Rows, Stored

_COUNTED = {
    Sight.FACE: FrameOutcome.WITH_FACES,
    Sight.EMPTY: FrameOutcome.EMPTY,
    Sight.UNCHANGED: FrameOutcome.UNCHANGED,
    Sight.DUPLICATE: FrameOutcome.DUPLICATE,
    Sight.BROKEN: FrameOutcome.REJECTED,
}
_MOST_UNANSWERED = 0.05
_IN_FLIGHT = 4 * 32
"""Most frames of a stream that are received and not durable: four windows, as `Streams` grants them."""


@dataclass(slots=True)
class Verdict:
    """What a check found.

    Attributes:
        violations: By kind ("lost", "duplicated", "phantom", "foreign", "backwards", "counters", "told"), in words.
        frames: Sequences checked.
        missing: Sequences that the bridge reported as gaps.
        recognitions: Rows checked.
        sightings: Rows checked.
        unanswered: Visits of known people that the engine could not name in time, which is allowed.
        refused: Sequences by epoch that are stored as refused by the database; a run that made it refuse none has none.
        asked_again: Answers beyond the first about one track, which only frames sent again may bring.
    """

    violations: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    frames: int = 0
    missing: int = 0
    recognitions: int = 0
    sightings: int = 0
    unanswered: int = 0
    asked_again: int = 0
    refused: dict[str, set[int]] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether there is no violation."""
        return not any(self.violations.values())

    def wrong(self, kind: str, words: str) -> None:
        """Notes a violation."""
        self.violations[kind].append(words)

    def summary(self) -> dict[str, int]:
        """Gives the number of violations of each kind."""
        return {kind: len(found) for kind, found in self.violations.items() if found}


def check(told: Told, stored: Stored, named: Collection[tuple[int, int]] = ()) -> Verdict:
    """Checks a finished run.

    Args:
        told: What the bridges know.
        stored: What the database holds.
        named: Camera and index of frames whose person the engine named to a session that came to its end, where that
            is known: no fault of anything else excuses a stranger.
    """
    verdict = Verdict()
    for camera in told.begun_anew:
        verdict.wrong("backwards", f"{camera_name(camera)} had to begin a new numbering")
    streams = {row["epoch"]: row for row in stored.streams}
    exceptions = _by(stored.exceptions, "stream_id")
    recognitions = _by(stored.recognitions, "stream_id")
    tracks: dict[int, list[ForeseenTrack]] = defaultdict(list)
    promised: set[str] = set()
    excuses = Excuses()
    for epoch, numbering in told.numberings.items():
        _check_promises(verdict, numbering)
        row = streams.pop(epoch, None)
        if row is None:
            if numbering.acked:
                verdict.wrong("lost", f"epoch {epoch} was acknowledged up to {numbering.acked} and is not stored")
            continue
        _check_stream(verdict, numbering, row, exceptions[row["stream_id"]])
        foreseen = excuses.foreseen(numbering, refused_by_the_store(exceptions[row["stream_id"]]))
        tracks[numbering.camera] += foreseen
        promised |= {
            track.track_id
            for track in foreseen
            if any((numbering.camera, numbering.index_of[look]) in named for look in track.looks)
        }
        _check_recognitions(verdict, numbering, foreseen, recognitions.pop(row["stream_id"], []))
    for epoch in streams:
        verdict.wrong("phantom", f"epoch {epoch} is stored and no bridge knows it")
    for rows in recognitions.values():
        verdict.wrong("phantom", f"{len(rows)} recognitions of no stream")
    verdict.refused = excuses.refused
    _check_sightings(verdict, tracks, stored, promised, excuses)
    _check_events(verdict, stored, excuses)
    _check_news(verdict, told, stored)
    return verdict


def _check_promises(verdict: Verdict, numbering: Numbering) -> None:
    where = f"{camera_name(numbering.camera)} {numbering.epoch}"
    for durable, acked in numbering.resumed + numbering.acks:
        if durable < acked:
            verdict.wrong("backwards", f"{where}: told {durable} after {acked} was acknowledged")
    if numbering.finished is None:
        verdict.wrong("lost", f"{where}: never finished")
    elif numbering.index_of and numbering.finished < max(numbering.index_of):
        verdict.wrong("lost", f"{where}: finished at {numbering.finished}, spooled up to {max(numbering.index_of)}")


def _check_stream(verdict: Verdict, numbering: Numbering, row: Mapping[str, Any], exceptions: Rows) -> None:
    where = f"{camera_name(numbering.camera)} {numbering.epoch}"
    if row["camera_id"] != camera_name(numbering.camera):
        verdict.wrong("foreign", f"{where} is stored at {row['camera_id']}")
    durable: int = row["durable_sequence"]
    verdict.frames += durable
    if durable < numbering.acked:
        verdict.wrong("lost", f"{where}: acknowledged up to {numbering.acked}, durable up to {durable}")
    missing, rejected = _ranges(verdict, where, exceptions)
    refused = refused_by_the_store(exceptions)
    verdict.missing += len(missing)
    expected: Counter[FrameOutcome] = Counter()
    for sequence in range(1, durable + 1):
        index = numbering.index_of.get(sequence)
        if index is None:
            if sequence not in missing:
                verdict.wrong("phantom", f"{where}: {sequence} was never spooled, and is not stored as missing")
            expected[FrameOutcome.MISSING] += 1
            continue
        if sequence in missing:
            verdict.wrong("lost", f"{where}: {sequence} was spooled, and is stored as missing")
        if sequence in refused:
            expected[FrameOutcome.REJECTED] += 1
            continue
        expected[_COUNTED[shown(numbering.camera, index).sight]] += 1
        broken = shown(numbering.camera, index).sight is Sight.BROKEN
        if broken != (sequence in rejected):
            verdict.wrong("lost" if broken else "phantom", f"{where}: wrong account of a refusal of {sequence}")
    for outcome in FrameOutcome:
        counted = row[OUTCOME_COLUMNS[outcome]]
        if outcome is not FrameOutcome.REPLAYED and counted != expected[outcome]:
            verdict.wrong("counters", f"{where}: {counted} counted as {outcome.value}, {expected[outcome]} were")


def _ranges(verdict: Verdict, where: str, exceptions: Rows) -> tuple[set[int], set[int]]:
    missing: set[int] = set()
    rejected: set[int] = set()
    for row in exceptions:
        span = range(row["first_sequence"], row["last_sequence"] + 1)
        chosen = missing if row["kind"] == "missing" else rejected
        if chosen & set(span):
            verdict.wrong("duplicated", f"{where}: {span} is stored twice as {row['kind']}")
        chosen.update(span)
        if row["reason"] == "unexplained":
            verdict.wrong("lost", f"{where}: {span} went missing and nobody said why")
    return missing, rejected


def _check_recognitions(verdict: Verdict, numbering: Numbering, foreseen: list[ForeseenTrack], rows: Rows) -> None:
    where = f"{camera_name(numbering.camera)} {numbering.epoch}"
    verdict.recognitions += len(rows)
    tracks = {track.track_id: track for track in foreseen}
    named: Counter[str] = Counter()
    for row in rows:
        words = f"{where}: recognition {row['recognition_id']}"
        track = tracks.get(row["track_id"])
        index = numbering.index_of.get(row["sequence"])
        if track is None or index is None or row["sequence"] not in track.looks:
            verdict.wrong("phantom", f"{words} is of a face that was not shown")
            continue
        if index_of(row["captured_at"]) != index:
            verdict.wrong("phantom", f"{words} has the time of another frame")
        if row["person_id"] is not None and row["person_id"] != track.person:
            foreign = row["person_id"].split("-")[1] != f"{numbering.camera:02d}"
            verdict.wrong("foreign" if foreign else "phantom", f"{words} names {row['person_id']}, not {track.person}")
        if row["outcome"] in ("match", "unknown"):
            named[row["track_id"]] += 1
    for track_id, answers in named.items():
        verdict.asked_again += answers - 1
        again = _sent_again(numbering, tracks[track_id])
        if answers > 1 + again:
            words = f"{where}: {answers} answers about {track_id}, whose first frame was sent again {again} times"
            verdict.wrong("duplicated", words)


def _sent_again(numbering: Numbering, track: ForeseenTrack) -> int:
    """Says how many sessions may have begun a track anew that an earlier one had asked about.

    Within a session a track is answered once. A later one asks again only when it went on before the track's first
    frame, while that had been received: an answer may be stored before the watermark gets there.
    """
    first = min(track.looks)
    return sum(first - _IN_FLIGHT <= durable < first for durable, _ in numbering.resumed[1:])


def _check_sightings(
    verdict: Verdict,
    tracks: Mapping[int, list[ForeseenTrack]],
    stored: Stored,
    promised: Collection[str],
    excuses: Excuses,
) -> None:
    links = {row["track_id"]: row["sighting_id"] for row in stored.tracks}
    stored_sightings = {row["sighting_id"]: row for row in stored.sightings}
    answered = {row["track_id"] for row in stored.recognitions if row["outcome"] in ("match", "unknown")}
    answered.update(promised)
    members: dict[str, set[str]] = defaultdict(set)
    for track_id, sighting_id in links.items():
        members[sighting_id].add(track_id)
        if sighting_id not in stored_sightings:
            verdict.wrong("lost", f"track {track_id} belongs to sighting {sighting_id}, which is not stored")
    verdict.sightings += len(stored_sightings)
    known: set[str] = set()
    for camera, all_tracks in tracks.items():
        # A stranger seen once is taken for a false alarm, unless its deadline came first.
        counted = [
            track
            for track in all_tracks
            if len(track.looks) > 1
            or (track.person is not None and track.track_id in answered)
            or track.track_id in links
        ]
        unanswered = {
            track.track_id for track in counted if track.person is not None and track.track_id not in answered
        }
        verdict.unanswered += len(unanswered)
        known |= {track.track_id for track in counted}
        for sighting in foreseen_sightings(camera, counted, frozenset(unanswered)):
            ids = {links[track_id] for track_id in sighting.tracks if track_id in links}
            if not excuses.excuse(sighting.tracks.union(*(members[each] for each in ids))):
                _check_sighting(verdict, sighting, links, members, stored_sightings)
    for track_id in links.keys() - known:
        verdict.wrong("phantom", f"track {track_id} has a sighting and was not shown")
    for sighting_id, row in stored_sightings.items():
        if row["track_count"] != len(members[sighting_id]):
            verdict.wrong(
                "counters", f"sighting {sighting_id} counts {row['track_count']} of {len(members[sighting_id])}"
            )
    visits = sum(len(each) for each in tracks.values())
    if verdict.unanswered > 10 + _MOST_UNANSWERED * visits:
        verdict.wrong("lost", f"{verdict.unanswered} of {visits} visits were not answered by the engine")


def _check_sighting(
    verdict: Verdict,
    sighting: Any,
    links: Mapping[str, str],
    members: Mapping[str, set[str]],
    stored_sightings: Mapping[str, Mapping[str, Any]],
) -> None:
    missing = sighting.tracks - links.keys()
    if missing:
        verdict.wrong("lost", f"tracks {sorted(missing)} have no sighting")
    ids = {links[track_id] for track_id in sighting.tracks if track_id in links}
    if len(ids) > 1:
        verdict.wrong("duplicated", f"tracks {sorted(sighting.tracks)} are one visit, and stored as {len(ids)}")
    for sighting_id in ids:
        row = stored_sightings.get(sighting_id)
        if row is None:
            continue
        words = f"sighting {sighting_id} of tracks {sorted(sighting.tracks)}"
        if row["camera_id"] != sighting.camera:
            verdict.wrong("foreign", f"{words} is stored at {row['camera_id']}")
        if row["person_id"] != sighting.person:
            verdict.wrong("phantom", f"{words} is stored as {row['person_id']}, not {sighting.person}")
        if len(ids) == 1 and not missing and members[sighting_id] != sighting.tracks:
            verdict.wrong("phantom", f"{words} also holds {sorted(members[sighting_id] - sighting.tracks)}")
        if (row["first_seen"], row["last_seen"]) != (sighting.first_seen, sighting.last_seen):
            verdict.wrong(
                "gap",
                f"{words} is stored from {row['first_seen']:%H:%M:%S.%f} to {row['last_seen']:%H:%M:%S.%f},"
                f" not {sighting.first_seen:%H:%M:%S.%f} to {sighting.last_seen:%H:%M:%S.%f}",
            )


def _check_events(verdict: Verdict, stored: Stored, excuses: Excuses) -> None:
    excused = {row["sighting_id"] for row in stored.tracks if row["track_id"] in excuses.tracks}
    started: Counter[str] = Counter()
    left: Counter[str] = Counter()
    began: Counter[str] = Counter()
    for expected, row in enumerate(sorted(stored.events, key=lambda row: row["position"]), 1):
        if row["position"] != expected:
            verdict.wrong("lost", f"event {expected} is not there; {row['position']} is")
            break
        counter = {"started": started, "left": left, "resumed": began}.get(row["kind"])
        if counter is not None:
            counter[row["sighting_id"]] += 1
    for row in stored.sightings:
        sighting_id = row["sighting_id"]
        if started[sighting_id] != 1:
            verdict.wrong("duplicated", f"sighting {sighting_id} was told to have started {started[sighting_id]} times")
        if left[sighting_id] > started[sighting_id] + began[sighting_id]:
            verdict.wrong("duplicated", f"sighting {sighting_id} was told to have ended {left[sighting_id]} times")
        if row["track_count"] and not left[sighting_id] and sighting_id not in excused:
            verdict.wrong("lost", f"sighting {sighting_id} was never told to have ended")


def _check_news(verdict: Verdict, told: Told, stored: Stored) -> None:
    cameras = {row["sighting_id"]: row["camera_id"] for row in stored.sightings}
    tracks = {row["track_id"] for row in stored.tracks}
    for camera, track_id, state, name in told.news:
        if state in ("confirmed", "revised") and track_id not in tracks:
            verdict.wrong("told", f"{camera_name(camera)} was told that {track_id} is {state}, which is not stored")
        if name == "-":
            continue
        at = cameras.get(name.rpartition("/")[2])
        if at is None:
            verdict.wrong("told", f"{camera_name(camera)} was told of {name}, which is not stored")
        elif at != camera_name(camera):
            verdict.wrong("foreign", f"{camera_name(camera)} was told of a sighting at {at}")


def _by(rows: Iterable[dict[str, Any]], key: str) -> dict[Any, Rows]:
    grouped: dict[Any, Rows] = defaultdict(list)
    for row in rows:
        grouped[row[key]].append(row)
    return grouped
