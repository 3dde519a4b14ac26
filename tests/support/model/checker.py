"""Holds what was stored against what was promised: every difference is a violation, in words.

Stricter than a queue's total order: nothing acknowledged is lost, nothing is counted twice, nothing is made up,
nothing is at a foreign camera, and no watermark goes back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.tracking.tracks import TrackPolicy
from portero_server.store.schema import OUTCOME_COLUMNS
from tests.support.model.clocks import RIGHT_CLOCKS, CameraClocks
from tests.support.model.expected import ExpectedTrack, ForeseenVisit, foreseen_tracks, foreseen_visits
from tests.support.model.ledger import Numbering, Told
from tests.support.model.script import Sight, camera_name, shown
from tests.support.model.stored import Rows, Stored

_COUNTED = {
    Sight.FACE: FrameOutcome.WITH_FACES,
    Sight.EMPTY: FrameOutcome.EMPTY,
    Sight.UNCHANGED: FrameOutcome.UNCHANGED,
    Sight.DUPLICATE: FrameOutcome.DUPLICATE,
    Sight.BROKEN: FrameOutcome.REJECTED,
}
_MOST_UNANSWERED = 0.05
_BAD_TIME = "bad_capture_time"
_AROUND = 8
"""Frames of one visit of the script, and by which a track may begin late where some of its frames were given up."""
_LONGEST_GAP = timedelta(seconds=TrackPolicy().longest_gap)
QUARANTINED = "store_refused"
"""The reason of frames that were given up because what follows from them cannot be stored."""
_IN_FLIGHT = 4 * 32
"""Most frames of a stream that are received and not durable: four windows, as `Streams` grants them."""


@dataclass(slots=True)
class Verdict:
    """What a check found.

    Attributes:
        violations: By kind ("lost", "duplicated", "phantom", "foreign", "backward", "counters", "told"), in words.
        frames: Sequences checked.
        missing: Sequences that the bridge reported as gaps.
        rejected: Sequences stored as rejected, by reason.
        refused: Those by epoch that the database refused; a run that made it refuse none must have none.
        recognitions: Rows checked.
        sightings: Rows checked.
        unanswered: Visits of known people that the engine could not name in time, which is allowed.
        asked_again: Answers beyond the first about one track, which only frames sent again may bring.
    """

    violations: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    frames: int = 0
    missing: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: dict[str, set[int]] = field(default_factory=dict)
    recognitions: int = 0
    sightings: int = 0
    unanswered: int = 0
    asked_again: int = 0

    @property
    def sound(self) -> bool:
        """Whether there is no violation."""
        return not any(self.violations.values())

    def wrong(self, kind: str, words: str) -> None:
        """Notes a violation."""
        self.violations[kind].append(words)

    def summary(self) -> dict[str, int]:
        """Returns the number of violations of each kind."""
        return {kind: len(found) for kind, found in self.violations.items() if found}


def check(
    told: Told, stored: Stored, named: Collection[tuple[int, int]] = (), *, clocks: CameraClocks = RIGHT_CLOCKS
) -> Verdict:
    """Checks a finished run.

    Args:
        told: What the bridges promised and were promised.
        stored: What the server left.
        named: Camera and index of frames whose person the engine named to a session that came to its end, where that
            is known: no fault of anything else excuses a stranger.
        clocks: How the cameras dated their frames.
    """
    verdict = Verdict()
    for camera in told.begun_anew:
        verdict.wrong("backwards", f"{camera_name(camera)} had to begin a new numbering")
    streams = {row["epoch"]: row for row in stored.streams}
    exceptions = _by(stored.exceptions, "stream_id")
    recognitions = _by(stored.recognitions, "stream_id")
    tracks: dict[int, list[ExpectedTrack]] = defaultdict(list)
    promised: set[str] = set()
    for epoch, numbering in told.numberings.items():
        _check_promises(verdict, numbering)
        row = streams.pop(epoch, None)
        if row is None:
            if numbering.acked:
                verdict.wrong("lost", f"epoch {epoch} was acknowledged up to {numbering.acked} and is not stored")
            continue
        account = _Account(verdict, numbering, exceptions[row["stream_id"]], clocks)
        _check_stream(verdict, numbering, row, account)
        foreseen = foreseen_tracks(
            numbering.camera,
            epoch,
            numbering.index_of,
            rejected=account.rejected.keys() - account.given_up,
            given_up=account.given_up,
            clocks=clocks,
        )
        tracks[numbering.camera] += foreseen
        promised |= {
            track.track_id
            for track in foreseen
            if any((numbering.camera, numbering.index_of[look]) in named for look in track.looks)
        }
        _check_recognitions(verdict, numbering, foreseen, recognitions.pop(row["stream_id"], []), clocks)
    for epoch in streams:
        verdict.wrong("phantom", f"epoch {epoch} is stored and no bridge knows it")
    for rows in recognitions.values():
        verdict.wrong("phantom", f"{len(rows)} recognitions of no stream")
    _check_sightings(verdict, tracks, stored, promised)
    refused = {track.track_id for of_camera in tracks.values() for track in of_camera if not track.sure}
    _check_events(verdict, stored, {row["sighting_id"] for row in stored.tracks if row["track_id"] in refused})
    _check_news(verdict, told, stored)
    return verdict


def _check_promises(verdict: Verdict, numbering: Numbering) -> None:
    where = words_for(numbering)
    for durable, acked in numbering.resumed + numbering.acks:
        if durable < acked:
            verdict.wrong("backwards", f"{where}: told {durable} after {acked} was acknowledged")
    if numbering.finished is None:
        verdict.wrong("lost", f"{where}: never finished")
    elif numbering.index_of and numbering.finished < max(numbering.index_of):
        verdict.wrong("lost", f"{where}: finished at {numbering.finished}, spooled up to {max(numbering.index_of)}")


class _Account:
    """What is stored of the frames that were not looked at.

    Attributes:
        missing: Sequences stored as missing.
        rejected: Why each sequence stored as rejected was.
    """

    @property
    def given_up(self) -> set[int]:
        """Sequences rejected since what follows from them could not be stored."""
        return {sequence for sequence, reason in self.rejected.items() if reason == QUARANTINED}

    def __init__(self, verdict: Verdict, numbering: Numbering, exceptions: Rows, clocks: CameraClocks) -> None:
        self.missing: set[int] = set()
        self.rejected: dict[int, str] = {}
        self._numbering = numbering
        self._clocks = clocks
        self._read(verdict, exceptions)

    def _read(self, verdict: Verdict, exceptions: Rows) -> None:
        where = words_for(self._numbering)
        for row in exceptions:
            span = range(row["first_sequence"], row["last_sequence"] + 1)
            if any(sequence in (self.missing if row["kind"] == "missing" else self.rejected) for sequence in span):
                verdict.wrong("duplicated", f"{where}: {span} is stored twice as {row['kind']}")
            if row["kind"] == "missing":
                self.missing.update(span)
            else:
                reason: str = row["reason"]
                self.rejected.update(dict.fromkeys(span, reason))
            if row["reason"] == "unexplained":
                verdict.wrong("lost", f"{where}: {span} went missing and nobody said why")
        verdict.missing += len(self.missing)
        verdict.rejected.update(self.rejected.values())
        if self.given_up:
            verdict.refused[self._numbering.epoch] = self.given_up

    def outcome(self, verdict: Verdict, sequence: int) -> FrameOutcome:
        """Returns what must have become of a frame that the bridge had kept."""
        numbering = self._numbering
        index = numbering.index_of[sequence]
        where = words_for(numbering)
        if sequence in self.missing:
            verdict.wrong("lost", f"{where}: {sequence} was spooled, and is stored as missing")
        reason = self.rejected.get(sequence)
        sight = shown(numbering.camera, index).sight
        if self._clocks.impossible(numbering.camera, index):
            # Its bytes may be refused before its time is.
            if reason != _BAD_TIME and not (reason is not None and sight is Sight.BROKEN):
                verdict.wrong("phantom", f"{where}: {sequence} is dated impossibly, and stored as {reason or 'sound'}")
            return FrameOutcome.REJECTED
        if sight is Sight.BROKEN:
            if reason is None or reason in (_BAD_TIME, QUARANTINED):
                verdict.wrong("lost", f"{where}: {sequence} is broken, and stored as {reason or 'sound'}")
            return FrameOutcome.REJECTED
        if reason is not None:
            if reason != QUARANTINED:
                verdict.wrong("phantom", f"{where}: {sequence} is sound, and stored as {reason}")
            return FrameOutcome.REJECTED
        return _COUNTED[sight]

    def check_told(self, verdict: Verdict) -> None:
        """Holds what the bridge was told of rejections against what is stored.

        Only of what an Ack passed: what the next session learned to be durable may have been told to a connection
        that was cut.
        """
        where = words_for(self._numbering)
        for passed, told in self._numbering.passed:
            stored = {sequence for sequence in passed if sequence in self.rejected}
            for sequence in stored - told:
                verdict.wrong("told", f"{where}: {sequence} was rejected ({self.rejected[sequence]}) without a word")
            for sequence in told - stored:
                reason = self._numbering.reasons[sequence]
                verdict.wrong("told", f"{where}: {sequence} was told to be rejected ({reason}), and is not stored so")


def words_for(numbering: Numbering) -> str:
    """Returns how complaints call a numbering."""
    return f"{camera_name(numbering.camera)} {numbering.epoch}"


def _check_stream(verdict: Verdict, numbering: Numbering, row: Mapping[str, Any], account: _Account) -> None:
    where = words_for(numbering)
    if row["camera_id"] != camera_name(numbering.camera):
        verdict.wrong("foreign", f"{where} is stored at {row['camera_id']}")
    durable: int = row["durable_sequence"]
    verdict.frames += durable
    if durable < numbering.acked:
        verdict.wrong("lost", f"{where}: acknowledged up to {numbering.acked}, durable up to {durable}")
    expected: Counter[FrameOutcome] = Counter()
    for sequence in range(1, durable + 1):
        if sequence in numbering.index_of:
            expected[account.outcome(verdict, sequence)] += 1
            continue
        if sequence not in account.missing:
            verdict.wrong("phantom", f"{where}: {sequence} was never spooled, and is not stored as missing")
        if sequence in account.rejected:
            verdict.wrong("phantom", f"{where}: {sequence} was never spooled, and is stored as rejected")
        expected[FrameOutcome.MISSING] += 1
    account.check_told(verdict)
    for outcome in FrameOutcome:
        counted = row[OUTCOME_COLUMNS[outcome]]
        if outcome is not FrameOutcome.REPLAYED and counted != expected[outcome]:
            verdict.wrong("counters", f"{where}: {counted} counted as {outcome.value}, {expected[outcome]} were")


def _check_recognitions(
    verdict: Verdict, numbering: Numbering, foreseen: list[ExpectedTrack], rows: Rows, clocks: CameraClocks
) -> None:
    where = words_for(numbering)
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
        if row["captured_at"] != clocks.captured(numbering.camera, index):
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


def _sent_again(numbering: Numbering, track: ExpectedTrack) -> int:
    """Says how many sessions may have begun a track anew that an earlier one had asked about.

    Within a session a track is answered once. A later one asks again only when it went on before the track's first
    frame, while that had been received: an answer may be stored before the watermark gets there.
    """
    first = min(track.looks)
    return sum(first - _IN_FLIGHT <= durable < first for durable, _ in numbering.resumed[1:])


def _check_sightings(
    verdict: Verdict, tracks: Mapping[int, list[ExpectedTrack]], stored: Stored, promised: Collection[str]
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
            if track.track_id in links
            or (track.sure and (len(track.looks) > 1 or (track.person is not None and track.track_id in answered)))
        ]
        unanswered = {
            track.track_id
            for track in counted
            if track.sure and track.person is not None and track.track_id not in answered
        }
        verdict.unanswered += len(unanswered)
        known |= {track.track_id for track in counted}
        for visit in foreseen_visits(camera, counted, frozenset(unanswered)):
            _check_visit(verdict, visit, links, members, stored_sightings)
    for track_id in links.keys() - known:
        if not _near_given_up(verdict, track_id):
            verdict.wrong("phantom", f"track {track_id} has a sighting and was not shown")
    for sighting_id, row in stored_sightings.items():
        if row["track_count"] != len(members[sighting_id]):
            verdict.wrong(
                "counters", f"sighting {sighting_id} counts {row['track_count']} of {len(members[sighting_id])}"
            )
    visits = sum(len(each) for each in tracks.values())
    if verdict.unanswered > 10 + _MOST_UNANSWERED * visits:
        verdict.wrong("lost", f"{verdict.unanswered} of {visits} visits were not answered by the engine")


def _check_visit(
    verdict: Verdict,
    visit: ForeseenVisit,
    links: Mapping[str, str],
    members: Mapping[str, set[str]],
    stored_sightings: Mapping[str, Mapping[str, Any]],
) -> None:
    missing = {track_id for track_id, track in visit.tracks.items() if track.sure} - links.keys()
    if missing:
        verdict.wrong("lost", f"tracks {sorted(missing)} have no sighting")
    ids = {links[track_id] for track_id in visit.tracks if track_id in links}
    if len(ids) > 1 and visit.certain:
        verdict.wrong("duplicated", f"tracks {sorted(visit.tracks)} are one visit, and stored as {len(ids)}")
    for sighting_id in ids:
        row = stored_sightings.get(sighting_id)
        if row is None:
            continue
        strangers = {
            track_id for track_id in members[sighting_id] - visit.tracks.keys() if not _near_given_up(verdict, track_id)
        }
        held = [visit.tracks[track_id] for track_id in members[sighting_id] & visit.tracks.keys()]
        words = f"sighting {sighting_id} of tracks {sorted(track.track_id for track in held)}"
        if row["camera_id"] != visit.camera:
            verdict.wrong("foreign", f"{words} is stored at {row['camera_id']}")
        unnamed = row["person_id"] is None and not any(track.sure for track in held)
        if row["person_id"] != visit.person and not unnamed:
            verdict.wrong("phantom", f"{words} is stored as {row['person_id']}, not {visit.person}")
        if strangers:
            verdict.wrong("phantom", f"{words} also holds {sorted(strangers)}")
        elif not missing:
            _check_span(verdict, words, row, held)


def _near_given_up(verdict: Verdict, track_id: str) -> bool:
    """Returns whether a track began where frames were given up.

    A frame may have been looked at in one life of the server and refused by its number in the next, each for itself; so
    a track may begin at any frame of a visit.
    """
    _, epoch, sequence, _ = track_id.rsplit(".", 3)
    return any(abs(int(sequence) - each) <= _AROUND for each in verdict.refused.get(epoch, ()))


def _check_span(verdict: Verdict, words: str, row: Mapping[str, Any], held: Sequence[ExpectedTrack]) -> None:
    """Holds a sighting's times against its tracks; those that are not sure may have added to them or not.

    Over frames that were given up a track goes on with the next face in its place, as far as the longest gap reaches.
    """
    first, last = min(track.first_seen for track in held), max(track.last_seen for track in held)
    sure = [track for track in held if track.sure]
    if len(sure) < len(held):
        last += _LONGEST_GAP
    latest_first = min((track.first_seen for track in sure), default=last)
    earliest_last = max((track.last_seen for track in sure), default=first)
    if not (first <= row["first_seen"] <= latest_first and earliest_last <= row["last_seen"] <= last):
        verdict.wrong(
            "gap",
            f"{words} is stored from {row['first_seen']:%d. %H:%M:%S.%f} to {row['last_seen']:%d. %H:%M:%S.%f},"
            f" not {first:%d. %H:%M:%S.%f} to {last:%d. %H:%M:%S.%f}",
        )


def _check_events(verdict: Verdict, stored: Stored, unsure: Collection[str]) -> None:
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
        if row["track_count"] and not left[sighting_id] and sighting_id not in unsure:
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
