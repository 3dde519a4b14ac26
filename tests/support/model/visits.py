"""Holds stored sightings against the people whom the script shows.

Where no frame was given up there is one way to follow a face, and what is stored must be that. A frame that was given
up may have had its effects or not; the frames beside it must be in the sighting of whoever they show all the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.support.model.expected import ExpectedTrack, ForeseenVisit, Stay, foreseen_visits
from tests.support.model.script import VISIT_GAP
from tests.support.model.stored import Stored
from tests.support.model.verdict import Verdict

_MOST_UNANSWERED = 0.05
_TIME = "%d. %H:%M:%S.%f"


def check_sightings(
    verdict: Verdict,
    stays: Mapping[int, list[Stay]],
    stored: Stored,
    promised: Collection[str],
    refused: Collection[tuple[str, str | None]] = (),
    visit_gap: timedelta = VISIT_GAP,
) -> None:
    """Holds the sightings against who was foreseen.

    Args:
        verdict: Takes what is wrong.
        stays: Who was foreseen, by camera.
        stored: What the server left.
        promised: Tracks that were answered whatever is stored.
        refused: Track and person of answers that the store refused: who is stored by such a name was answered.
        visit_gap: Of the cameras.
    """
    links = {row["track_id"]: row["sighting_id"] for row in stored.tracks}
    stored_sightings = {row["sighting_id"]: row for row in stored.sightings}
    answered = {row["track_id"] for row in stored.recognitions if row["outcome"] in ("match", "unknown")}
    answered.update(promised)
    # A name may have been written in a piece of a commit, while the answer that gave it was not.
    answered.update(
        track_id
        for track_id, person in refused
        if person is not None
        and track_id in links
        and stored_sightings.get(links[track_id], {}).get("person_id") == person
    )
    asked = {row["track_id"] for row in stored.recognitions}
    members: dict[str, set[str]] = defaultdict(set)
    for track_id, sighting_id in links.items():
        members[sighting_id].add(track_id)
        if sighting_id not in stored_sightings:
            verdict.wrong("lost", f"track {track_id} belongs to sighting {sighting_id}, which is not stored")
    verdict.sightings += len(stored_sightings)
    known: set[str] = set()
    for camera, of_camera in stays.items():
        all_tracks = [track for stay in of_camera for track in stay.tracks.values()]
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
        for visit in foreseen_visits(camera, counted, frozenset(unanswered), visit_gap):
            _check_visit(verdict, visit, links, members, stored_sightings)
        for stay in of_camera:
            if not stay.sure:
                _check_stay(verdict, stay, links, stored_sightings, asked, answered)
    for track_id in links.keys() - known:
        verdict.wrong("phantom", f"track {track_id} has a sighting and was not shown")
    for sighting_id, row in stored_sightings.items():
        if row["track_count"] != len(members[sighting_id]):
            verdict.wrong(
                "counters", f"sighting {sighting_id} counts {row['track_count']} of {len(members[sighting_id])}"
            )
    visits = sum(len(each) for each in stays.values())
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
        strangers = members[sighting_id] - visit.tracks.keys()
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


def _check_span(verdict: Verdict, words: str, row: Mapping[str, Any], held: Sequence[ExpectedTrack]) -> None:
    """Holds a sighting's times against its tracks: it begins and ends with frames that show them."""
    moments = {track.first_seen for track in held}.union(*(track.moments for track in held))
    sure = [track for track in held if track.sure]
    first = min((track.first_seen for track in sure), default=max(moments))
    last = max((track.last_seen for track in sure), default=min(moments))
    within = row["first_seen"] <= first and last <= row["last_seen"]
    if not within or not moments.issuperset((row["first_seen"], row["last_seen"])):
        first, last = min(moments), max(moments)
        verdict.wrong("gap", f"{words} is stored {_span(row)}, not from {first:{_TIME}} to {last:{_TIME}}")


def _span(row: Mapping[str, Any]) -> str:
    return f"from {row['first_seen']:{_TIME}} to {row['last_seen']:{_TIME}}"


def _may_be_alarm(track: ExpectedTrack, looks: int, asked: Collection[str], answered: Collection[str]) -> bool:
    """Whether a track without a sighting is known to have been begun, and may have been taken for a false alarm.

    Whoever was stored before it was somebody of a session that ended, all of whose frames were then given up.
    """
    return looks <= 1 and track.track_id in asked and (track.person is None or track.track_id not in answered)


def _check_stay(
    verdict: Verdict,
    stay: Stay,
    links: Mapping[str, str],
    stored_sightings: Mapping[str, Mapping[str, Any]],
    asked: Collection[str],
    answered: Collection[str],
) -> None:
    """Holds what the frames saw that were not given up against the sightings of whoever they show."""
    held = {
        track_id: row
        for track_id in stay.tracks
        if track_id in links and (row := stored_sightings.get(links[track_id])) is not None
    }
    # Whoever else a look may show counts for nobody.
    looks = Counter(track_id for _, look, _, ids in stay.kept if look and len(ids) == 1 for track_id in ids)
    for sequence, _, moment, ids in stay.kept:
        rows = [held[each] for each in ids if each in held]
        if not rows:
            # A stranger seen once is taken for a false alarm.
            named = any(stay.tracks[each].person is not None and each in answered for each in ids)
            if named or min(looks[each] for each in ids) > 1:
                verdict.wrong("lost", f"frame {sequence} shows {sorted(ids)}, none of which has a sighting")
        elif any(row["first_seen"] <= moment <= row["last_seen"] for row in rows):
            continue
        elif not any(_may_be_alarm(stay.tracks[each], looks[each], asked, answered) for each in ids - held.keys()):
            spans = ", ".join(map(_span, rows))
            verdict.wrong("gap", f"frame {sequence} of {sorted(ids)} at {moment:{_TIME}} is in no sighting ({spans})")
