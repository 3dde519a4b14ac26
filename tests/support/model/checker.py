"""Holds what was stored against what was promised: every difference is a violation, in words.

Stricter than a queue's total order: nothing acknowledged is lost, nothing is counted twice, nothing is made up,
nothing is at a foreign camera, and no watermark goes back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store.schema import OUTCOME_COLUMNS
from tests.support.model.clocks import RIGHT_CLOCKS, CameraClocks
from tests.support.model.expected import ExpectedTrack, Stay, foreseen_stays
from tests.support.model.ledger import Numbering, Told
from tests.support.model.script import VISIT_GAP, Sight, camera_name, shown
from tests.support.model.stored import Rows, Stored
from tests.support.model.verdict import Verdict
from tests.support.model.visits import check_sightings

_COUNTED = {
    Sight.FACE: FrameOutcome.WITH_FACES,
    Sight.EMPTY: FrameOutcome.EMPTY,
    Sight.UNCHANGED: FrameOutcome.UNCHANGED,
    Sight.DUPLICATE: FrameOutcome.DUPLICATE,
    Sight.BROKEN: FrameOutcome.REJECTED,
}
_BAD_TIME = "bad_capture_time"
QUARANTINED = "store_refused"
"""The reason of frames that were given up because what follows from them cannot be stored."""
_IN_FLIGHT = 4 * 32
"""Most frames of a stream that are received and not durable: four windows, as `Streams` grants them."""


def check(
    told: Told,
    stored: Stored,
    named: Collection[tuple[int, int]] = (),
    *,
    refused: Collection[tuple[str, str | None]] = (),
    unfollowed: Collection[tuple[str, int]] = (),
    clocks: CameraClocks = RIGHT_CLOCKS,
    visit_gap: timedelta = VISIT_GAP,
    compares: bool = False,
) -> Verdict:
    """Checks a finished run.

    Args:
        told: What the bridges promised and were promised.
        stored: What the server left.
        named: Camera and index of frames whose person the engine named to a session that came to its end, where that
            is known: no fault of anything else excuses a stranger.
        refused: Track and person (None: nobody) of answers that the store refused, where that is known: the name may be
            stored without its answer, and the answer without the track in view, which is then asked about again.
        unfollowed: Epoch and watermark with which the store took everything but who was in view, where that is known:
            whoever resumes there follows nobody.
        clocks: How the cameras dated their frames.
        visit_gap: Of the cameras.
        compares: Whether the server compared faces where somebody else could be.
    """
    verdict = Verdict()
    for camera in told.begun_anew:
        verdict.wrong("backwards", f"{camera_name(camera)} had to begin a new numbering")
    streams = {row["epoch"]: row for row in stored.streams}
    exceptions = _by(stored.exceptions, "stream_id")
    recognitions = _by(stored.recognitions, "stream_id")
    stays: dict[int, list[Stay]] = defaultdict(list)
    promised: set[str] = set()
    # Stored by a session that ended, and never begun again, since its first frame was then refused by number: nobody
    # is left to tell its end.
    adrift: set[str] = set()
    for epoch, numbering in told.numberings.items():
        _check_promises(verdict, numbering)
        row = streams.pop(epoch, None)
        if row is None:
            if numbering.acked:
                verdict.wrong("lost", f"epoch {epoch} was acknowledged up to {numbering.acked} and is not stored")
            continue
        account = _Account(verdict, numbering, exceptions[row["stream_id"]], clocks)
        _check_stream(verdict, numbering, row, account)
        of_stream = foreseen_stays(
            numbering.camera,
            epoch,
            numbering.index_of,
            rejected=account.rejected.keys() - account.given_up,
            given_up=account.given_up,
            forgotten=[
                *(durable for session, durable in numbering.sessions.items() if session in told.set_back),
                *(durable for each, durable in unfollowed if each == epoch),
            ],
            clocks=clocks,
            compares=compares,
        )
        stays[numbering.camera] += of_stream
        foreseen = [track for stay in of_stream for track in stay.tracks.values()]
        adrift |= {track.track_id for track in foreseen if track.looks[0] in account.given_up}
        promised |= {
            track.track_id
            for track in foreseen
            if any((numbering.camera, numbering.index_of[look]) in named for look in track.looks)
        }
        of_stream_rows = recognitions.pop(row["stream_id"], [])
        doubtful = {track_id for track_id, _ in refused}
        _check_recognitions(verdict, numbering, foreseen, of_stream_rows, clocks, doubtful)
    for epoch in streams:
        verdict.wrong("phantom", f"epoch {epoch} is stored and no bridge knows it")
    for rows in recognitions.values():
        verdict.wrong("phantom", f"{len(rows)} recognitions of no stream")
    check_sightings(verdict, stays, stored, promised, refused, visit_gap)
    _check_events(verdict, stored, {row["sighting_id"] for row in stored.tracks if row["track_id"] in adrift})
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
    verdict: Verdict,
    numbering: Numbering,
    foreseen: list[ExpectedTrack],
    rows: Rows,
    clocks: CameraClocks,
    doubtful: Collection[str],
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
        if track_id in doubtful:
            # The answer may have been written in a piece of a commit whose session then ended: the next one, which goes
            # on with who was in view before, does not know of it.
            again += len(numbering.resumed) - 1
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


def _check_events(verdict: Verdict, stored: Stored, adrift: Collection[str]) -> None:
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
        if row["track_count"] and not left[sighting_id] and sighting_id not in adrift:
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
