"""Accounts of calls and money."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.domain.billing.usage import (
    AvoidedKey,
    CallKey,
    CallTally,
    PriceTable,
    UsageLedger,
    dollars,
    hour_of,
    microdollars,
)

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def call(at: datetime, camera_id: str | None = "door", operation: str = "SearchFacesByImage") -> CallKey:
    """Returns the key of a Rekognition call begun at a time."""
    return CallKey(hour_of(at), camera_id, "rekognition", operation)


def dollar_a_day(ledger: UsageLedger, *days: date) -> None:
    """Spends a dollar on each day, at noon."""
    for day in days:
        ledger.made(call(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)), CallTally(1000, 1_000_000))


def test_money_is_exact() -> None:
    """A thousand calls at a tenth of a cent are exactly one dollar."""
    prices = PriceTable()
    assert dollars(sum(prices.price("SearchFacesByImage") for _ in range(1000))) == 1.0
    assert microdollars(0.00075) == 750


def test_unknown_operations_are_not_free() -> None:
    """An operation the table does not name costs what the table says for those."""
    prices = PriceTable({"ListFaces": 0}, otherwise=1200)
    assert (prices.price("ListFaces"), prices.price("DetectMoods"), prices.cheapest) == (0, 1200, 1200)


def test_drain_gives_only_what_is_new() -> None:
    """A drain gives the counts since the last one, by hour, camera, engine and operation."""
    ledger = UsageLedger()
    ledger.made(call(NOON), CallTally(1, 1000))
    ledger.made(call(NOON + timedelta(minutes=59)), CallTally(2, 2000))
    ledger.avoided(AvoidedKey(NOON, "door", "SearchFacesByImage", "unchanged"), 7)
    first = ledger.drain()
    assert first.calls == {call(NOON): CallTally(3, 3000)}
    assert first.avoided == {AvoidedKey(NOON, "door", "SearchFacesByImage", "unchanged"): 7}

    ledger.made(call(NOON, camera_id=None), CallTally(1, 1000))
    second = ledger.drain()
    assert second.calls == {call(NOON, camera_id=None): CallTally(1, 1000)}
    assert not second.avoided


def test_delta_that_was_not_stored_comes_again() -> None:
    """A drained delta that is put back is given again, together with what came since, and counts once in the sums."""
    ledger = UsageLedger()
    key = AvoidedKey(NOON, "door", "DetectText", "duplicate")
    ledger.made(call(NOON), CallTally(1, 1000))
    ledger.avoided(key)
    lost = ledger.drain()
    ledger.made(call(NOON), CallTally(1, 1000))
    ledger.put_back(lost)
    again = ledger.drain()
    assert again.calls == {call(NOON): CallTally(2, 2000)}
    assert again.avoided == {key: 1}
    assert ledger.spent(NOON.date()) == 2000


def test_loaded_rows_count_but_are_not_drained() -> None:
    """What is loaded at start counts in the sums of day and camera and is not given to the store again."""
    ledger = UsageLedger()
    ledger.load([(call(NOON), CallTally(5, 5000)), (call(NOON, "gate"), CallTally(1, 1000))])
    assert ledger.spent(NOON.date()) == 6000
    assert ledger.spent_by("gate", NOON.date()) == 1000
    assert not ledger.drain().calls


def test_old_sums_are_forgotten() -> None:
    """Sums by camera are kept for two days and sums by day for forty, so that memory does not grow."""
    ledger = UsageLedger()
    for days in range(60):
        ledger.made(call(NOON + timedelta(days=days)), CallTally(1, 1000))
    last = NOON.date() + timedelta(days=59)
    assert ledger.spent_by("door", last) == ledger.spent_by("door", last - timedelta(days=1)) == 1000
    assert ledger.spent_by("door", last - timedelta(days=2)) == 0
    assert ledger.spent(last - timedelta(days=40)) == 1000
    assert ledger.spent(last - timedelta(days=41)) == 0


def test_month_is_projected_at_the_rate_of_seven_days() -> None:
    """The rest of the month is taken to cost what the last seven days and today so far cost on average."""
    ledger = UsageLedger()
    dollar_a_day(ledger, *(date(2026, 3, day) for day in range(1, 11)))
    projection = ledger.projection(NOON)
    assert projection.today == 1_000_000
    assert projection.month == 10_000_000
    # Eight dollars in seven and a half days, and twenty-one and a half days to go.
    assert projection.projected_month == 10_000_000 + round(8_000_000 / 7.5 * 21.5)


def test_projection_looks_back_past_the_first_of_the_month() -> None:
    """On the first of a month its own spending counts for it, and the rate comes from the month before."""
    ledger = UsageLedger()
    dollar_a_day(ledger, *(date(2026, 2, day) for day in range(22, 29)))
    projection = ledger.projection(datetime(2026, 3, 1, tzinfo=UTC))
    assert projection.month == 0
    assert projection.projected_month == 31_000_000


def test_first_minutes_are_not_extrapolated_to_a_fortune() -> None:
    """A single call a minute after midnight on the first day is taken for an hour's worth, not for a minute's."""
    ledger = UsageLedger()
    at = datetime(2026, 3, 31, 0, 1, tzinfo=UTC)
    ledger.made(call(at), CallTally(1, 1000))
    assert ledger.projection(at).projected_month <= 1000 * 25


def test_nothing_spent_projects_nothing() -> None:
    """Without any call the month is projected to cost nothing."""
    assert UsageLedger().projection(NOON).projected_month == 0


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 47), st.sampled_from([None, "door", "gate"]), st.integers(1, 5), st.sampled_from("mdp")
        ),
        max_size=40,
    )
)
def test_what_is_drained_adds_up_to_what_was_made(
    actions: list[tuple[int, str | None, int, str]],
) -> None:
    """However counting, draining and putting back interleave, each call reaches the store once."""
    ledger = UsageLedger()
    made = stored = 0
    for hours, camera_id, count, action in actions:
        ledger.made(call(NOON + timedelta(hours=hours), camera_id), CallTally(count, 1000 * count))
        made += count
        if action == "d":
            stored += sum(tally.calls for tally in ledger.drain().calls.values())
        elif action == "p":
            ledger.put_back(ledger.drain())
    stored += sum(tally.calls for tally in ledger.drain().calls.values())
    assert stored == made
    days = [NOON.date() + timedelta(days=number) for number in range(4)]
    assert sum(map(ledger.spent, days)) == 1000 * made
