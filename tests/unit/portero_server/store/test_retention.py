"""A year of rows under their rules: nothing outlives its time, nothing goes early."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.audit.trail import check_trail
from portero_server.domain.audit.chain import RETIRED, retired_name
from portero_server.domain.detection.detections import Match
from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.privacy.retention import Retention
from portero_server.store import schema
from portero_server.store.audit import AuditStore
from portero_server.store.database import Database
from portero_server.store.open_tracks import read, written
from portero_server.store.retention import RetentionStore
from portero_server.telemetry.metrics import Metrics
from tests.support.server.audit_chains import deed
from tests.support.store.commits import BOX
from tests.support.time.virtual_time import ManualClock

DAY = timedelta(days=1)
RULES = {
    Purpose.STRANGERS: 30 * DAY,
    Purpose.SIGHTINGS: 180 * DAY,
    Purpose.TEXTS: 10 * DAY,
    Purpose.EVENTS: 20 * DAY,
    Purpose.EXCEPTIONS: 90 * DAY,
    Purpose.USAGE: 200 * DAY,
    Purpose.CONSENTS: 60 * DAY,
    Purpose.AUDIT: 120 * DAY,
    Purpose.CHECK_INS: 40 * DAY,
    Purpose.GUESTS: 10 * DAY,
    Purpose.DECISIONS: 15 * DAY,
    Purpose.REVIEWS: 100 * DAY,
    Purpose.REVIEW_PICTURES: DAY,
}
PLACES: dict[Purpose, tuple[Column[Any], ...]] = {
    Purpose.TEXTS: (schema.texts.c.captured_at,),
    Purpose.EVENTS: (schema.events.c.happened_at,),
    Purpose.EXCEPTIONS: (schema.stream_exceptions.c.recorded_at,),
    Purpose.USAGE: (schema.usage_calls.c.hour, schema.usage_avoided.c.hour, schema.budget_steps.c.day),
    Purpose.CONSENTS: (schema.consents.c.withdrawn_at,),
    Purpose.CHECK_INS: (schema.check_ins.c.created_at,),
    Purpose.GUESTS: (schema.guests.c.day_ends_at,),
    Purpose.REVIEWS: (schema.sighting_reviews.c.reviewed_at,),
    Purpose.REVIEW_PICTURES: (schema.review_pictures.c.kept_at,),
    Purpose.DECISIONS: (schema.decisions.c.captured_at,),
}
BOXED = {"box_left": 0.1, "box_top": 0.1, "box_width": 0.1, "box_height": 0.1}


async def _write_day(database: Database, day: int, now: datetime) -> None:
    """Writes one row of everything, as of now."""

    async def unit(connection: AsyncConnection) -> None:
        for person_id in (None, "ana"):
            key = f"{day}-{person_id}"
            scores = {"person_id": person_id, "similarity": 0.5, "margin": 0.5}
            times = {"first_seen": now - timedelta(hours=2), "last_seen": now}
            rows: list[tuple[Any, dict[str, Any]]] = [
                (
                    schema.sightings,
                    {"sighting_id": key, "camera_id": "door", "display_name": "", "track_count": 1}
                    | scores
                    | times
                    | BOXED,
                ),
                (
                    schema.sighting_tracks,
                    {"track_id": key, "sighting_id": key, "ordinal": 1, "ended": True},
                ),
                (
                    schema.recognitions,
                    {"recognition_id": key, "stream_id": 1, "track_id": key, "sequence": 1, "captured_at": now}
                    | {"engine": "local", "outcome": "match", "quality": 1.0, "latency": 0.1}
                    | scores,
                ),
            ]
            for table, row in rows:
                await connection.execute(insert(table).values(row))
        spent = {"spent_microdollars": 1, "limit_microdollars": 1, "happened_at": now, "step_before": "normal"}
        for table, row in (
            (schema.texts, {"stream_id": 1, "sequence": day, "captured_at": now, "content": "[]"}),
            (
                schema.events,
                {"position": day, "kind": "started", "sighting_id": f"{day}-ana", "camera_id": "door"}
                | {"happened_at": now},
            ),
            (
                schema.stream_exceptions,
                {"stream_id": 1, "first_sequence": day, "last_sequence": day, "kind": "missing"}
                | {"reason": "no_credit", "recorded_at": now},
            ),
            (
                schema.usage_calls,
                {"hour": now, "camera_id": "door", "engine": "local", "operation": "identify"}
                | {"calls": 1, "microdollars": 1},
            ),
            (schema.usage_avoided, {"hour": now, "camera_id": "door", "operation": "x", "reason": "still", "calls": 1}),
            (schema.budget_steps, {"day": now, "scope": "total", "step": "stopped"} | spent),
            (
                schema.sighting_reviews,
                {"review_id": str(day), "sighting_id": str(day), "camera_id": "door", "action": "ignore"}
                | {
                    "decided_name": "",
                    "decided_similarity": 0.0,
                    "decided_margin": 0.0,
                    "note": "",
                    "decided_tracks": 1,
                }
                | {"reviewer": "keys/me", "reviewed_at": now},
            ),
            (
                schema.decisions,
                {"recognition_id": str(day), "camera_id": "door", "track_id": str(day), "captured_at": now}
                | {"engine": "local", "outcome": "unknown", "reason": "nobody", "shot": 1, "face_pixels": 90}
                | {"quality": 0.5, "agreeing": 0, "people": 1, "candidates": 0, "demanded": 0.0}
                | dict.fromkeys(("threshold", "margin", "sure_by", "sure_by_tenfold"), 0.5)
                | dict.fromkeys(("sure_quality", "confusable_margin"), 0.5),
            ),
            (
                schema.review_pictures,
                {"track_id": f"{day}-None", "similarity": 0.0, "quality": 0.5, "taken_at": now, "kept_at": now}
                | {"size": 1, "sealed": b"x"},
            ),
            (
                schema.check_ins,
                {"check_in_id": str(day), "position": day, "state": "finished", "server": "", "created_at": now}
                | {"deadline_at": now, "paid_calls": 0},
            ),
            (
                schema.guests,
                {"guest_id": str(day), "import_id": "i", "arrival_date": "2026-03-02", "day_ends_at": now}
                | {"display_name": "Ana", "reference": "", "created_at": now},
            ),
            (
                schema.consents,
                {"consent_id": str(day), "person_id": "ana", "purpose": "x", "text_version": "1", "channel": "desk"}
                | {"guardian": "", "given_at": now - DAY, "recorded_at": now - DAY, "withdrawn_at": now},
            ),
        ):
            await connection.execute(insert(table).values(row))

    await database.run(unit)


async def _ages(database: Database, now: datetime, age: Column[Any], *conditions: Any) -> list[timedelta]:
    async def unit(connection: AsyncConnection) -> list[timedelta]:
        query = select(age).where(*conditions).order_by(age)
        return [now - moment for moment in await connection.scalars(query)]

    return await database.read(unit)


async def test_a_year_of_rows_keeps_the_rules(database: Database) -> None:
    """On every fifth day of a year, exactly the rows that are within their time are there."""
    clock = ManualClock()
    metrics = Metrics(version="0", engine="scripted").privacy
    # Small batches, so that every purpose needs several.
    retention = Retention(RetentionStore(database, clock, batch=2), RULES, clock, metrics, interval=60, sleep=_no_wait)
    step = 5
    for day in range(0, 366, step):
        await _write_day(database, day, clock.now())
        await retention.round()
        now = clock.now()

        def expected(purpose: Purpose, day: int = day) -> list[timedelta]:
            # A row exactly as old as its rule stays until it is older.
            return [ago * DAY for ago in range(day, -1, -step) if ago * DAY <= RULES[purpose]]

        for named, purpose in ((False, Purpose.STRANGERS), (True, Purpose.SIGHTINGS)):
            for table, age in (
                (schema.sightings, schema.sightings.c.last_seen),
                (schema.recognitions, schema.recognitions.c.captured_at),
            ):
                whose = table.c.person_id.is_not(None) if named else table.c.person_id.is_(None)
                assert await _ages(database, now, age, whose) == expected(purpose), (day, purpose, table.name)
        for purpose, ages in PLACES.items():
            for age in ages:
                assert await _ages(database, now, age) == expected(purpose), (day, purpose)
        clock.advance(step * DAY.total_seconds())
    links = await database.read(_links)
    assert len(links) == len(expected(Purpose.STRANGERS)) + len(expected(Purpose.SIGHTINGS))
    for purpose in RULES.keys() - {Purpose.AUDIT}:
        assert metrics.overdue.labels(purpose.value)._value.get() == 0.0
        assert metrics.rows.labels(purpose.value)._value.get() > 20


async def test_the_audit_trail_verifies_after_retention(database: Database) -> None:
    """Of a year of entries the old ones go, batch by batch with an entry that says so, and the rest verifies."""
    clock = ManualClock()
    metrics = Metrics(version="0", engine="scripted").privacy
    rules = {Purpose.AUDIT: RULES[Purpose.AUDIT]}
    retention = Retention(RetentionStore(database, clock, batch=3), rules, clock, metrics, interval=60, sleep=_no_wait)
    trail = AuditStore(database)
    for day in range(0, 366, 5):
        await trail.append([deed(day), deed(day + 1)], clock.now())
        await retention.round()
        ages = await _ages(database, clock.now(), schema.audit_entries.c.happened_at)
        assert max(ages) == min(day * DAY, RULES[Purpose.AUDIT])
        assert (await check_trail(trail)).findings == ()
        clock.advance(5 * DAY.total_seconds())
    head = await trail.head()
    assert metrics.rows.labels("audit")._value.get() == head.base_count > 98
    told = await trail.last(RETIRED)
    assert told is not None
    assert told.deed.resource == retired_name(head.base_count, head.base_digest)


async def test_the_audit_trails_last_entry_stays(database: Database) -> None:
    """Of a trail in which all is past its time the end stays, which makes it neither late nor longer."""
    clock = ManualClock()
    metrics = Metrics(version="0", engine="scripted").privacy
    retention = Retention(RetentionStore(database, clock), RULES, clock, metrics, interval=60)
    trail = AuditStore(database)
    await trail.append([deed(1)], clock.now())
    clock.advance(365 * DAY.total_seconds())
    await retention.round()
    assert (await trail.head()).count == 1
    assert (await check_trail(trail)).findings == ()
    assert metrics.overdue.labels("audit")._value.get() == 0.0


async def test_a_purpose_without_a_rule_is_kept(database: Database) -> None:
    """What is to be kept for ever is there after a year."""
    clock = ManualClock()
    await _write_day(database, 1, clock.now())
    clock.advance(366 * DAY.total_seconds())
    metrics = Metrics(version="0", engine="scripted").privacy
    rules = {Purpose.TEXTS: DAY}
    await Retention(RetentionStore(database, clock), rules, clock, metrics, interval=60).round()
    assert await _ages(database, clock.now(), schema.sightings.c.last_seen) == [366 * DAY] * 2
    assert await _ages(database, clock.now(), schema.texts.c.captured_at) == []


async def test_rows_without_a_date_count_from_when_they_are_found(database: Database) -> None:
    """Rejections written by an earlier version get the date of the first round, and go when that is past its time."""
    clock = ManualClock()
    row = {"stream_id": 1, "first_sequence": 1, "last_sequence": 1, "kind": "missing", "reason": "no_credit"}

    async def write(connection: AsyncConnection) -> None:
        await connection.execute(insert(schema.stream_exceptions).values(row))

    await database.run(write)
    metrics = Metrics(version="0", engine="scripted").privacy
    retention = Retention(RetentionStore(database, clock), RULES, clock, metrics, interval=60)
    age = schema.stream_exceptions.c.recorded_at
    await retention.round()
    assert await _ages(database, clock.now(), age) == [timedelta()]
    clock.advance(91 * DAY.total_seconds())
    await retention.round()
    assert await _ages(database, clock.now(), age) == []


async def test_open_tracks_of_streams_that_never_went_on_are_forgotten(database: Database) -> None:
    """A face followed when a stream was cut goes with the sightings of its kind."""
    clock = ManualClock()
    now = clock.now()
    stranger = OpenTrack("t1", 1, now, 2, now, BOX, 2, True, 0)
    ana = OpenTrack("t2", 1, now, 2, now, BOX, 2, True, 0, match=Match("ana", 0.9, 0.2))
    counters = dict.fromkeys(("durable_sequence", *schema.OUTCOME_COLUMNS.values()), 0)
    row = {"camera_id": "door", "epoch": "e1", "session": "s1", "opened_at": now} | counters

    async def write(connection: AsyncConnection) -> None:
        await connection.execute(insert(schema.streams).values(row | {"open_tracks": written((stranger, ana))}))

    async def open_tracks(connection: AsyncConnection) -> tuple[OpenTrack, ...]:
        return read((await connection.execute(select(schema.streams.c.open_tracks))).scalar_one())

    await database.run(write)
    metrics = Metrics(version="0", engine="scripted").privacy
    retention = Retention(RetentionStore(database, clock), RULES, clock, metrics, interval=60)
    await retention.round()
    assert await database.read(open_tracks) == (stranger, ana)
    clock.advance(31 * DAY.total_seconds())
    await retention.round()
    assert await database.read(open_tracks) == (ana,)
    clock.advance(150 * DAY.total_seconds())
    await retention.round()
    assert await database.read(open_tracks) == ()


async def _links(connection: AsyncConnection) -> list[Any]:
    return list(await connection.execute(select(schema.sighting_tracks)))


async def _no_wait(seconds: float) -> None:
    """Waits for nothing: the time is the test's."""
