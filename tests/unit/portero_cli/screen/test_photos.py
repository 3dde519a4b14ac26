"""What enrollments warn of, as tables."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from portero_cli.screen.photos import pairs_table, photos_table
from portero_client import ConfusablePair


def _printed(table: object) -> str:
    console = Console(width=120)
    with console.capture() as printed:
        console.print(table)
    return printed.get()


def test_each_photo_has_a_verdict_and_what_to_do() -> None:
    """A photo is taken, taken although it is poor, or refused."""
    rows = [("a.jpg", True, ""), ("b.jpg", True, "come closer"), ("c.jpg", False, "there is no face")]
    lines = _printed(photos_table(rows)).splitlines()
    told = {name: next(line for line in lines if name in line) for name, _, _ in rows}
    assert "yes" in told["a.jpg"]
    assert "poor" not in told["a.jpg"]
    assert "yes, but poor" in told["b.jpg"]
    assert "come closer" in told["b.jpg"]
    assert "no  " in told["c.jpg"]
    assert "there is no face" in told["c.jpg"]


def test_a_pair_has_both_people_and_how_alike_they_are() -> None:
    """The ids are those that other commands take."""
    pair = ConfusablePair("people/ana", "Ana Luz", "people/bo", "Bo", 0.456, datetime(2026, 1, 2, tzinfo=UTC))
    shown = _printed(pairs_table([pair]))
    assert [word in shown for word in ("ana", "Ana Luz", "bo", "Bo", "46%")] == [True] * 5
    assert "people/" not in shown
