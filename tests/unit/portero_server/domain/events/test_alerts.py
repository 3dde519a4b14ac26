"""Which events of strangers are alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portero_server.domain.events.alerts import ALERTS, AlertRules, SeenBefore, alert_of, asked_for
from portero_server.domain.recording.sightings import Sighting, SightingEvent, SightingEventKind
from tests.support.store.sighting_events import NOON, sighting

HOUR = timedelta(hours=1)
RULES = AlertRules(HOUR, frozenset({"clinic"}))
STARTED, REVISED = SightingEventKind.STARTED, SightingEventKind.REVISED
UNKNOWN, RETURNED = SightingEventKind.UNKNOWN_PERSON, SightingEventKind.VISITOR_RETURNED

STRANGER = sighting("s1", "door", None)
VISITOR = replace(STRANGER, visitor_id="v1", visit=3)


def _event(kind: SightingEventKind, seen: Sighting) -> SightingEvent:
    return SightingEvent(7, kind, seen, NOON)


@pytest.mark.parametrize(
    ("kind", "seen", "wanted", "asked"),
    [
        (STARTED, STRANGER, ALERTS, True),
        (STARTED, STRANGER, {RETURNED}, False),
        (REVISED, VISITOR, ALERTS, True),
        (REVISED, VISITOR, {UNKNOWN}, False),
        (REVISED, replace(VISITOR, visit=1), ALERTS, False),
        (REVISED, STRANGER, ALERTS, False),
        (STARTED, sighting("s1", "door", "ana"), ALERTS, False),
        (REVISED, replace(VISITOR, reviewed=True), ALERTS, False),
        (STARTED, replace(STRANGER, erased=True), ALERTS, False),
        (REVISED, replace(VISITOR, track_count=0), ALERTS, False),
        (SightingEventKind.LEFT, VISITOR, ALERTS, False),
    ],
)
def test_only_strangers_who_come_are_asked_about(
    kind: SightingEventKind, seen: Sighting, wanted: frozenset[SightingEventKind], *, asked: bool
) -> None:
    """And only for somebody who wants to know; what a person has looked at, or was erased, is no alert any more."""
    assert asked_for(_event(kind, seen), wanted) is asked


@pytest.mark.parametrize(
    ("ago", "alert"), [(None, True), (HOUR, True), (HOUR - timedelta(seconds=1), False), (timedelta(), False)]
)
def test_somebody_unknown_is_told_after_a_quiet_time(ago: timedelta | None, *, alert: bool) -> None:
    """So that a face that is lost and found again makes one alert."""
    before = SeenBefore("shop", stranger=None if ago is None else NOON - ago)
    told = alert_of(_event(STARTED, STRANGER), before, RULES)
    assert (told is not None) is alert
    if told is not None:
        assert (told.kind, told.position, told.last_visit) == (UNKNOWN, 7, None)


@pytest.mark.parametrize(("ago", "alert"), [(None, False), (HOUR, True), (HOUR - timedelta(seconds=1), False)])
def test_a_visitor_is_told_to_be_back_after_being_away(ago: timedelta | None, *, alert: bool) -> None:
    """Other strangers at the camera do not matter; it says when the visitor was seen last."""
    visitor = None if ago is None else NOON - ago
    told = alert_of(_event(REVISED, VISITOR), SeenBefore("shop", stranger=NOON, visitor=visitor), RULES)
    assert (told is not None) is alert
    if told is not None:
        assert (told.kind, told.last_visit) == (RETURNED, visitor)


def test_a_site_that_forbids_it_has_no_alerts() -> None:
    """Neither of strangers nor of visitors."""
    before = SeenBefore("clinic", visitor=NOON - 2 * HOUR)
    assert alert_of(_event(STARTED, STRANGER), before, RULES) is None
    assert alert_of(_event(REVISED, VISITOR), before, RULES) is None
