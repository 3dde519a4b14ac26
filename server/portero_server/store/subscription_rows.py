"""Filters of subscriptions as they are stored, so that servers of the release before tell nobody too much."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from sqlalchemy import Row

from portero_server.domain.access.identities import Scope
from portero_server.domain.attendance.notices import NoticeKind
from portero_server.domain.events.alerts import ALERTS
from portero_server.domain.events.schedules import DeliverySchedule, checked_schedule
from portero_server.domain.events.subscriptions import SubscriptionFilter
from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.errors import InvalidInput

_KINDS = {kind.value: kind for kind in SightingEventKind}
_NOTICES = {kind.value: kind for kind in NoticeKind}
_NO_MATCH = 2.0
"""A similarity that no match has."""
_MINUTE = timedelta(minutes=1)


def filter_columns(wanted: SubscriptionFilter) -> dict[str, Any]:
    """Returns the column values of a filter, without its people."""
    # A server of the release before drops the kinds of alerts, and where none is left it tells all. So a row of alerts
    # alone lets it tell of nobody: not of strangers, and of people only of those in an empty list.
    alerts_only = wanted.alerts_only
    return {
        "kinds": words_text(kind.value for kind in wanted.kinds),
        "cameras": words_text(wanted.places.cameras),
        "sites": words_text(wanted.places.sites),
        "people_only": wanted.people_only or alerts_only,
        # Likewise of notices alone: no match is more similar than 1.
        "min_similarity": _NO_MATCH if wanted.notices_only else wanted.min_similarity,
        "strangers": wanted.strangers and not alerts_only and not wanted.notices_only,
        "notices": words_text(kind.value for kind in wanted.notices) if wanted.notices else None,
        "groups_only": words_text(wanted.groups) if wanted.groups else None,
    }


def filter_of_row(row: Row[Any], people: Collection[str]) -> SubscriptionFilter:
    """Returns the filter of a row, with its people."""
    words = json.loads(row.kinds)
    kinds = frozenset(_KINDS[word] for word in words if word in _KINDS)
    cameras, sites = frozenset(json.loads(row.cameras)), frozenset(json.loads(row.sites))
    found = SubscriptionFilter(
        kinds,
        Scope(cameras, sites, everything=not cameras and not sites),
        frozenset(people),
        bool(row.people_only),
        row.min_similarity,
        bool(row.strangers) or not kinds.isdisjoint(ALERTS),
        frozenset(_NOTICES[word] for word in json.loads(row.notices or "[]") if word in _NOTICES),
        frozenset(json.loads(row.groups_only or "[]")),
    )
    if found.notices_only and not words:
        return replace(found, min_similarity=0.0, strangers=True)
    if words and not kinds:
        # All kinds are of a newer server. No kinds would mean all of them: so nobody is told of.
        return replace(found, people=frozenset(), people_only=True, strangers=False)
    return replace(found, people_only=False) if found.alerts_only else found


def schedule_columns(schedule: DeliverySchedule | None) -> dict[str, Any]:
    """Returns the column values of a schedule."""
    quiet = None if schedule is None else schedule.quiet
    return {
        "quiet_from": None if quiet is None else _clock(quiet.begins),
        "quiet_until": None if quiet is None else _clock(quiet.ends),
        "digest_at": None if schedule is None or schedule.digest_at is None else _clock(schedule.digest_at),
        "digest_minutes": None
        if schedule is None or schedule.digest_every is None
        else schedule.digest_every // _MINUTE,
        "time_zone": None if schedule is None else schedule.zone.key,
    }


def schedule_of_row(row: Row[Any]) -> tuple[DeliverySchedule | None, str]:
    """Returns the schedule of a row, None for any time, and why this server cannot follow it, empty if it can.

    One of a newer server, or in a time zone that this machine lacks, must neither stop the others nor be told at the
    wrong time.
    """
    every = None if row.digest_minutes is None else row.digest_minutes * _MINUTE
    clock = row.quiet_from or "", row.quiet_until or "", row.digest_at or ""
    try:
        return checked_schedule(*clock, every, row.time_zone or ""), ""
    except InvalidInput as error:
        return None, error.message


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def words_text(words: Iterable[str]) -> str:
    """Returns words as they are stored, a JSON list in order."""
    return json.dumps(sorted(words), separators=(",", ":"))
