"""What frames that the database refused excuse: visits that show in them may be stored in part, or not at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from tests.chaos.foreseen import ForeseenTrack, foreseen_tracks
from tests.chaos.ledger import Numbering
from tests.chaos.stored import Rows

_AROUND = 8
"""Frames that one visit takes, and by which it may begin late or end early."""


def refused_by_the_store(exceptions: Rows) -> set[int]:
    """Returns the sequences of a stream that are stored as refused by the database."""
    return {
        sequence
        for row in exceptions
        if row["kind"] == "rejected" and row["reason"] == "store_refused"
        for sequence in range(row["first_sequence"], row["last_sequence"] + 1)
    }


@dataclass(slots=True)
class Excuses:
    """The tracks of a run that need not be stored as foreseen.

    Attributes:
        refused: Sequences refused by the database, by epoch.
        tracks: Ids of the tracks that show around one of them.
    """

    refused: dict[str, set[int]] = field(default_factory=dict)
    tracks: set[str] = field(default_factory=set)

    def foreseen(self, numbering: Numbering, refused: set[int]) -> list[ForeseenTrack]:
        """Foresees the tracks of a numbering, with the refused frames and without, which excuses those around them."""
        tracks = foreseen_tracks(numbering.camera, numbering.epoch, numbering.index_of)
        if not refused:
            return tracks
        self.refused[numbering.epoch] = refused
        known = {track.track_id for track in tracks}
        # Refused by their numbers they were never looked at, and tracks begin and end with other frames.
        seen = {sequence: index for sequence, index in numbering.index_of.items() if sequence not in refused}
        others = foreseen_tracks(numbering.camera, numbering.epoch, seen)
        tracks += [track for track in others if track.track_id not in known]
        for track in tracks:
            around = range(min(track.looks) - _AROUND, max(track.looks) + _AROUND + 1)
            if any(sequence in around for sequence in refused):
                self.tracks.add(track.track_id)
        return tracks

    def excuse(self, tracks: Collection[str]) -> bool:
        """Says whether one of the tracks is excused."""
        return not self.tracks.isdisjoint(tracks)
