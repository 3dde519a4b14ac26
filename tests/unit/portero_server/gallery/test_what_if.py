"""Decisions replayed from the store, page by page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.gallery import what_if
from portero_server.gallery.what_if import Replays
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionFilter, DecisionStore
from portero_server.store.people import PeopleStore
from portero_server.store.sighting_reviews import SightingReviewStore
from portero_server.store.streams import StreamStore
from portero_server.telemetry.metrics import Metrics
from tests.support.store.commits import at, commit_of, decision, recognition
from tests.support.time.virtual_time import ManualClock

_HOUR = 3600.0


async def test_a_track_is_replayed_as_a_whole_wherever_pages_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two shots of each of several faces, at once and hours apart, count as one track each."""
    monkeypatch.setattr(what_if, "_PAGE", 3)
    clock = ManualClock()
    await PeopleStore(database, clock).create("ana", "Ana", {})
    seen = decision(("ana", 0.375))
    answers = []
    for number, begins in enumerate([0.0, 0.0, 1.0, _HOUR, 3 * _HOUR, 3 * _HOUR + 1, 9 * _HOUR]):
        for shot in (1, 2):
            answer = recognition(f"r{number}.{shot}", f"t{number}")
            answer = replace(answer, captured_at=at(begins + 2 * shot), decision=replace(seen, shot=shot))
            answers.append(answer)
    stream = await StreamStore(database, clock).open("door", "e1", "s1")
    await Recording(database, clock).commit([commit_of(stream, recognitions=answers)])
    metrics = Metrics(version="0", engine="scripted")
    reviews = SightingReviewStore(database, clock)
    replays = Replays(DecisionStore(database), reviews, "scripted", metrics.decisions)
    (lower, own), count = await replays.replay(DecisionFilter(), [0.25, 0.5], None)
    assert count == 14
    assert (lower.total.tracks, lower.total.gained) == (7, 7)
    assert (own.total.tracks, own.total.gained, own.changes) == (7, 0, [])
    assert metrics.registry.get_sample_value("portero_what_if_decisions_total") == 14
