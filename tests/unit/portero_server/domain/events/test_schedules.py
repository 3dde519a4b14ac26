"""When people are told: quiet hours and digests, over midnight and where clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portero_server.domain.events.schedules import (
    DeliverySchedule,
    QuietHours,
    checked_schedule,
    due_at,
    last_digest,
    next_digest,
    quiet_until,
    waited_since_due,
)
from portero_server.errors import InvalidInput

_SANTIAGO, _BERLIN = ZoneInfo("America/Santiago"), ZoneInfo("Europe/Berlin")


def _schedule(
    zone: str, quiet_from: str = "", quiet_until: str = "", digest_at: str = "", minutes: int = 0
) -> DeliverySchedule:
    schedule = checked_schedule(quiet_from, quiet_until, digest_at, timedelta(minutes=minutes) or None, zone)
    assert schedule is not None
    return schedule


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hours", "now", "end"),
    [
        # Over midnight; Santiago is at -04:00 in May.
        ("America/Santiago", ("22:00", "07:00"), "2026-05-02T01:59", None),
        ("America/Santiago", ("22:00", "07:00"), "2026-05-02T02:00", "2026-05-02T11:00"),
        ("America/Santiago", ("22:00", "07:00"), "2026-05-02T10:59", "2026-05-02T11:00"),
        ("America/Santiago", ("22:00", "07:00"), "2026-05-02T11:00", None),
        # Within a day, and from and until midnight itself.
        ("UTC", ("12:00", "14:00"), "2026-05-02T13:00", "2026-05-02T14:00"),
        ("UTC", ("12:00", "14:00"), "2026-05-02T14:00", None),
        ("UTC", ("22:00", "00:00"), "2026-05-02T23:00", "2026-05-03T00:00"),
        ("UTC", ("00:00", "06:00"), "2026-05-03T00:00", "2026-05-03T06:00"),
        # All but a minute.
        ("UTC", ("12:01", "12:00"), "2026-05-02T12:00", None),
        ("UTC", ("12:01", "12:00"), "2026-05-02T12:01", "2026-05-03T12:00"),
        # Berlin skips 02:00 to 03:00 on 2026-03-29: the night is an hour shorter.
        ("Europe/Berlin", ("22:00", "07:00"), "2026-03-28T21:00", "2026-03-29T05:00"),
        # An end that is skipped is when the clock jumps, and so is a begin.
        ("Europe/Berlin", ("22:00", "02:30"), "2026-03-29T00:59", "2026-03-29T01:00"),
        ("Europe/Berlin", ("22:00", "02:30"), "2026-03-29T01:00", None),
        ("Europe/Berlin", ("02:30", "03:15"), "2026-03-29T00:59", None),
        ("Europe/Berlin", ("02:30", "03:15"), "2026-03-29T01:00", "2026-03-29T01:15"),
        # Hours that are skipped as a whole are none.
        ("Europe/Berlin", ("02:10", "02:50"), "2026-03-29T01:00", None),
        # It has 02:00 to 03:00 twice on 2026-10-25: the night is an hour longer.
        ("Europe/Berlin", ("22:00", "07:00"), "2026-10-24T20:00", "2026-10-25T06:00"),
        # All is quiet from the first begin to the last end.
        ("Europe/Berlin", ("22:00", "02:30"), "2026-10-25T00:45", "2026-10-25T01:30"),
        ("Europe/Berlin", ("02:30", "04:00"), "2026-10-25T00:30", "2026-10-25T03:00"),
        # Where one night's last end is after the next one's first begin, both are one.
        ("Europe/Berlin", ("02:30", "02:15"), "2026-10-24T12:00", "2026-10-26T01:15"),
        # Santiago changes at midnight: to winter on 2026-04-05, to summer on 2026-09-06.
        ("America/Santiago", ("22:00", "23:30"), "2026-04-05T01:00", "2026-04-05T03:30"),
        ("America/Santiago", ("23:00", "00:30"), "2026-09-06T03:30", "2026-09-06T04:00"),
    ],
)
def test_quiet_hours_follow_the_clock_on_the_wall(zone: str, hours: tuple[str, str], now: str, end: str | None) -> None:
    """Their end is told for a moment within them."""
    found = quiet_until(_utc(now), _schedule(zone, *hours))
    assert found == (None if end is None else _utc(end))


@pytest.mark.parametrize(
    ("zone", "digest_at", "after", "expected"),
    [
        ("America/Santiago", "18:00", "2026-05-01T21:59", "2026-05-01T22:00"),
        ("America/Santiago", "18:00", "2026-05-01T22:00", "2026-05-02T22:00"),
        ("Pacific/Kiritimati", "00:00", "2026-05-01T09:00", "2026-05-01T10:00"),
        ("Pacific/Pago_Pago", "23:59", "2026-05-01T10:58", "2026-05-01T10:59"),
        # Days of 23 and of 25 hours.
        ("Europe/Berlin", "18:00", "2026-03-28T17:00", "2026-03-29T16:00"),
        ("Europe/Berlin", "18:00", "2026-10-24T16:00", "2026-10-25T17:00"),
        # A time that is skipped is when the clock jumps; one that comes twice is the first one, once.
        ("Europe/Berlin", "02:30", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "02:30", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("Europe/Berlin", "02:30", "2026-10-25T00:30", "2026-10-26T01:30"),
    ],
)
def test_a_digest_comes_once_a_day(zone: str, digest_at: str, after: str, expected: str) -> None:
    """The last one is the one that is next before it."""
    schedule = _schedule(zone, digest_at=digest_at)
    found = next_digest(_utc(after), schedule)
    assert found == _utc(expected)
    assert last_digest(found, schedule) == found
    assert last_digest(found - timedelta(seconds=1), schedule) <= _utc(after)


@pytest.mark.parametrize("zone", ["America/Santiago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("at", ["00:00", "00:30", "01:59", "02:15", "23:45"])
def test_a_year_has_a_digest_for_each_day(zone: str, at: str) -> None:
    """None is missing and none comes twice, wherever and whenever clocks are set."""
    schedule = _schedule(zone, digest_at=at)
    moment, dates = _utc("2026-01-01T12:00"), []
    for _ in range(365):
        moment = next_digest(moment, schedule)
        dates.append((moment.astimezone(schedule.zone) + timedelta(0)).date())
    days = (dates[-1] - dates[0]).days
    assert days == 364
    assert len(set(dates)) >= 364


@pytest.mark.parametrize(
    ("schedule", "happened_at", "due"),
    [
        (None, "2026-05-02T03:00", "2026-05-02T03:00"),
        (("22:00", "07:00", ""), "2026-05-02T00:00", "2026-05-02T00:00"),
        (("22:00", "07:00", ""), "2026-05-02T03:00", "2026-05-02T11:00"),
        (("", "", "18:00"), "2026-05-01T22:00", "2026-05-01T22:00"),
        (("", "", "18:00"), "2026-05-01T22:00:01", "2026-05-02T22:00"),
        (("22:00", "07:00", "18:00"), "2026-05-02T03:00", "2026-05-02T22:00"),
    ],
)
def test_a_message_is_due_when_it_may_be_sent(
    schedule: tuple[str, str, str] | None, happened_at: str, due: str
) -> None:
    """Its age is counted from then, and is never negative."""
    rule = None if schedule is None else checked_schedule(*schedule, None, "America/Santiago")
    assert due_at(_utc(happened_at), rule) == _utc(due)
    assert waited_since_due(_utc(happened_at), rule, _utc(due) + timedelta(hours=2)) == timedelta(hours=2)
    assert waited_since_due(_utc(happened_at), rule, _utc(due) - timedelta(hours=2)) == timedelta(0)


def test_a_digest_in_an_hour_that_comes_twice_waits_for_the_end_of_quiet_hours() -> None:
    """The first 01:45 is before the last 01:30, until which it is quiet."""
    schedule = _schedule("America/New_York", "22:00", "01:30", "01:45")
    assert next_digest(_utc("2026-11-01T02:00"), schedule) == _utc("2026-11-01T06:30")
    assert next_digest(_utc("2026-11-01T06:29"), schedule) == _utc("2026-11-01T06:30")
    assert next_digest(_utc("2026-11-01T06:30"), schedule) == _utc("2026-11-02T06:45")
    assert last_digest(_utc("2026-11-01T06:29"), schedule) < _utc("2026-11-01T00:00")
    assert due_at(_utc("2026-11-01T02:00"), schedule) == _utc("2026-11-01T06:30")


def test_a_whole_schedule_is_read() -> None:
    """Without anything there is none."""
    found = checked_schedule("22:00", "07:00", "18:00", None, "America/Santiago")
    assert found == DeliverySchedule(_SANTIAGO, QuietHours(time(22), time(7)), time(18))
    assert found.digests
    assert checked_schedule("", "", "00:00", None, "Europe/Berlin") == DeliverySchedule(_BERLIN, None, time(0))
    half_hour = checked_schedule("", "", "", timedelta(minutes=30), "Europe/Berlin")
    assert half_hour == DeliverySchedule(_BERLIN, None, None, timedelta(minutes=30))
    assert half_hour.digests
    assert not _schedule("UTC", "22:00", "07:00").digests
    assert checked_schedule("", "", "", None, "") is None


@pytest.mark.parametrize(
    ("zone", "minutes", "quiet", "after", "expected"),
    [
        ("UTC", 30, ("", ""), "2026-05-01T12:00", "2026-05-01T12:30"),
        ("UTC", 720, ("", ""), "2026-05-01T12:00", "2026-05-02T00:00"),
        # By the clock on the wall, also where that is not at full hours of UTC.
        ("Asia/Kathmandu", 60, ("", ""), "2026-05-01T12:00", "2026-05-01T12:15"),
        # Those in the quiet hours are told once, at their end; one at the end is not told twice.
        ("UTC", 30, ("22:00", "07:10"), "2026-05-01T21:30", "2026-05-02T07:10"),
        ("UTC", 30, ("22:00", "07:10"), "2026-05-02T03:00", "2026-05-02T07:10"),
        ("UTC", 30, ("22:00", "07:10"), "2026-05-02T07:09", "2026-05-02T07:10"),
        ("UTC", 30, ("22:00", "07:10"), "2026-05-02T07:10", "2026-05-02T07:30"),
        ("UTC", 30, ("22:00", "07:00"), "2026-05-02T06:59", "2026-05-02T07:00"),
        # No digest falls into these hours, and their end makes none.
        ("UTC", 60, ("12:10", "12:20"), "2026-05-01T12:15", "2026-05-01T13:00"),
        # Days of 23 and of 25 hours have none missing.
        ("Europe/Berlin", 60, ("", ""), "2026-03-29T00:59", "2026-03-29T01:00"),
        ("Europe/Berlin", 60, ("", ""), "2026-10-25T00:00", "2026-10-25T01:00"),
        ("Europe/Berlin", 60, ("", ""), "2026-10-25T01:00", "2026-10-25T02:00"),
        # Santiago's 2026-09-06 begins at 01:00.
        ("America/Santiago", 360, ("", ""), "2026-09-06T03:59", "2026-09-06T04:00"),
    ],
)
def test_digests_at_intervals_are_counted_from_midnight(
    zone: str, minutes: int, quiet: tuple[str, str], after: str, expected: str
) -> None:
    """The last one is the one that is next before it."""
    schedule = _schedule(zone, *quiet, minutes=minutes)
    found = next_digest(_utc(after), schedule)
    assert found == _utc(expected)
    assert last_digest(found, schedule) == found
    assert last_digest(found - timedelta(seconds=1), schedule) <= _utc(after)


@pytest.mark.parametrize("zone", ["America/Santiago", "Europe/Berlin", "Australia/Lord_Howe"])
@pytest.mark.parametrize("quiet", [("", ""), ("22:05", "06:50")])
def test_digests_at_intervals_go_through_a_year(zone: str, quiet: tuple[str, str]) -> None:
    """Each is later than the one before, and none is quiet or farther away than quiet hours and an interval."""
    schedule = _schedule(zone, *quiet, minutes=240)
    moment, end = _utc("2026-01-01T00:00"), _utc("2027-01-01T00:00")
    while moment < end:
        coming = next_digest(moment, schedule)
        assert moment < coming <= moment + timedelta(hours=14)
        assert quiet_until(coming, schedule) is None
        assert last_digest(coming + timedelta(seconds=1), schedule) == coming
        moment = coming


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        (("24:00", "07:00", "", None, "UTC"), "quiet_from", "from 00:00 to 23:59, as hh:mm"),
        (("22:00", "7:00", "", None, "UTC"), "quiet_until", "from 00:00 to 23:59, as hh:mm"),
        (("", "", "18:60", None, "UTC"), "digest_at", "from 00:00 to 23:59, as hh:mm"),
        (("22:00", "07:00", "", None, "Mars/Olympus"), "time_zone", "an IANA time zone"),
        (("22:00", "07:00", "", None, "../etc/passwd"), "time_zone", "an IANA time zone"),
        (("22:00", "07:00", "", None, "x" * 64), "time_zone", "at most 63 characters"),
        (("22:00", "07:00", "", None, ""), "time_zone", "must be set where there are quiet hours or a digest"),
        (("", "", "", None, "UTC"), "time_zone", "must be empty where there are neither"),
        (("22:00", "", "", None, "UTC"), "quiet_until", "must be set where subscription.schedule.quiet_from is"),
        (("", "07:00", "18:00", None, "UTC"), "quiet_from", "must be set where subscription.schedule.quiet_until is"),
        (("22:00", "22:00", "", None, "UTC"), "quiet_until", "must differ from subscription.schedule.quiet_from"),
        (
            ("22:00", "07:00", "06:59", None, "UTC"),
            "digest_at",
            r"from subscription.schedule.quiet_from until subscription.schedule.quiet_until \(22:00 until 07:00\)",
        ),
        (("12:00", "14:00", "12:00", None, "UTC"), "digest_at", "must not be from"),
        (
            ("", "", "12:00", timedelta(hours=1), "UTC"),
            "digest_every",
            "must be empty where subscription.schedule.digest",
        ),
        *(
            (
                ("", "", "", asked, "UTC"),
                "digest_every",
                "must be whole minutes from 5 minutes to 12 hours, by which a day",
            )
            for asked in (
                timedelta(0),
                timedelta(minutes=-30),
                timedelta(minutes=4),
                timedelta(minutes=7),
                timedelta(hours=24),
                timedelta(minutes=5, seconds=1),
            )
        ),
    ],
)
def test_what_makes_no_schedule_is_refused_by_its_field(
    fields: tuple[str, str, str, timedelta | None, str], field: str, problem: str
) -> None:
    """The message says what may be."""
    with pytest.raises(InvalidInput, match=problem) as refusal:
        checked_schedule(*fields)
    assert refusal.value.field == f"subscription.schedule.{field}"


def test_a_digest_at_the_end_of_quiet_hours_is_not_within_them() -> None:
    """Nor is one just before they begin."""
    assert checked_schedule("22:00", "07:00", "07:00", None, "UTC") is not None
    assert checked_schedule("22:00", "07:00", "21:59", None, "UTC") is not None


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin"])
def test_a_zone_that_other_machines_may_lack_is_refused(zone: str) -> None:
    """What a machine calls its own time is no zone of a subscription that any server may follow."""
    with pytest.raises(InvalidInput, match="time_zone"):
        _schedule(zone, digest_at="08:00")
