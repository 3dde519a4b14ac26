"""Serializes open tracks to the text that a stream's row stores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from portero_server.domain.detection.detections import Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.resuming import OpenTrack

# A text of another form is of another version of the server: its tracks begin anew.
_FORM = 1
PRESENT = '"absent": false'
"""Part of every text with a track that is not absent."""


def written(tracks: Sequence[OpenTrack]) -> str:
    """Returns the text for tracks; empty if there are none."""
    if not tracks:
        return ""
    told: dict[str, Any] = {"form": _FORM, "tracks": [_plain(track) for track in tracks if not track.ahead]}
    # Apart, since servers of the release before would go on with them.
    if ahead := [_plain(track) for track in tracks if track.ahead]:
        told["ahead"] = ahead
    return json.dumps(told)


def read(text: str | None) -> tuple[OpenTrack, ...]:
    """Returns the tracks stored in a text."""
    if not text:
        return ()
    told = json.loads(text)
    if told["form"] != _FORM:
        return ()
    ahead = (replace(_track(plain), ahead=True) for plain in told.get("ahead", ()))
    return (*(_track(plain) for plain in told["tracks"]), *ahead)


def _plain(track: OpenTrack) -> dict[str, Any]:
    box, match = track.box, track.match
    return {
        "id": track.track_id,
        "first": [track.first_sequence, track.first_seen.isoformat()],
        "last": [track.last_sequence, track.last_seen.isoformat()],
        "box": [box.left, box.top, box.width, box.height],
        "hits": track.hits,
        "visible": track.visible,
        "misses": track.misses,
        "calls": track.calls,
        "asked_quality": track.asked_quality,
        "match": None if match is None else [match.person_id, match.similarity, match.margin],
        "company": list(track.company),
        "absent": track.absent,
        "found_quickly": track.found_quickly,
        "missed": track.missed,
        "suspended": track.suspended,
    }


def _track(plain: dict[str, Any]) -> OpenTrack:
    return OpenTrack(
        track_id=plain["id"],
        first_sequence=plain["first"][0],
        first_seen=datetime.fromisoformat(plain["first"][1]),
        last_sequence=plain["last"][0],
        last_seen=datetime.fromisoformat(plain["last"][1]),
        box=Box(*plain["box"]),
        hits=plain["hits"],
        visible=plain["visible"],
        misses=plain["misses"],
        calls=plain["calls"],
        asked_quality=plain["asked_quality"],
        match=None if plain["match"] is None else Match(*plain["match"]),
        company=tuple(plain["company"]),
        # Texts of earlier releases do not have these.
        absent=plain.get("absent", False),
        found_quickly=plain.get("found_quickly", False),
        missed=plain.get("missed", False),
        suspended=plain.get("suspended", False),
    )
