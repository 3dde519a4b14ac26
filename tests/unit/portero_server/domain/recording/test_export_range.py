"""The period of an export, and the steps in which it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.recording.export_range import LONGEST_EXPORT, ExportRange, steps
from portero_server.errors import InvalidInput

_START = datetime(2026, 5, 1, 7, tzinfo=UTC)


def test_a_period_has_an_order_and_a_limit() -> None:
    """An end before the start, or more than 366 days after it, is refused by the field's name."""
    ExportRange(_START, _START + LONGEST_EXPORT)
    for end, limit in ((_START, "after start_time"), (_START + LONGEST_EXPORT + timedelta(seconds=1), "366 days")):
        with pytest.raises(InvalidInput, match=limit) as refusal:
            ExportRange(_START, end)
        assert refusal.value.field == "end_time"


@given(st.timedeltas(timedelta(0), timedelta(days=40)))
def test_steps_cover_a_period_without_gap(length: timedelta) -> None:
    """Each step begins where the one before ended, and none is longer than a day."""
    pieces = list(steps(_START, _START + length))
    assert [begin for begin, _ in pieces] == [_START, *(end for _, end in pieces)][: len(pieces)]
    assert all(timedelta(0) < end - begin <= timedelta(days=1) for begin, end in pieces)
    assert (pieces[-1][1] if pieces else _START) == _START + length
