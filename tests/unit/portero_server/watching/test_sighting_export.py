"""Pages of an export: its end, its limits, and who may see what."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from portero_server.access.authorized_cameras import AuthorizedCameras, everywhere
from portero_server.domain.access.fair_places import PlaceShares
from portero_server.domain.access.identities import Scope
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.export_range import ExportCursor, ExportedSighting, ExportRange
from portero_server.domain.recording.sightings import Sighting
from portero_server.errors import LimitReached, Unavailable
from portero_server.telemetry.export_metrics import ExportMetrics
from portero_server.watching.sighting_export import SightingExport
from portero_server.watching.watch import Watcher

_START = datetime(2026, 5, 1, tzinfo=UTC)
_WHOLE = ExportRange(_START, _START + timedelta(days=5))
_ANA, _BO = Watcher("keys/ana"), Watcher("keys/bo")


def _sighting(hours: float, camera_id: str = "door") -> ExportedSighting:
    began = _START + timedelta(hours=hours)
    box = Box(0, 0, 0.5, 0.5)
    return ExportedSighting(Sighting(f"s{hours}", camera_id, None, "", began, began, 0, 0, 1, box), "lobby")


class Shelf:
    """Implements ReadPage over a list; notes how long a period each read walked."""

    def __init__(self, *sightings: ExportedSighting) -> None:
        self.sightings = sorted(sightings, key=lambda each: each.sighting.first_seen)
        self.longest = timedelta(0)

    async def page(
        self, which: ExportRange, limit: int, after: ExportCursor | None, within: frozenset[str] | None
    ) -> Sequence[ExportedSighting]:
        """Returns a page."""
        self.longest = max(self.longest, which.end - which.start)
        place = (after.first_seen, after.sighting_id) if after else None
        return [
            each
            for each in self.sightings
            if which.start <= each.sighting.first_seen < which.end
            and (place is None or (each.sighting.first_seen, each.sighting.sighting_id) > place)
            and (within is None or each.sighting.camera_id in within)
        ][:limit]


def _export(shelf: Shelf, shares: PlaceShares = PlaceShares(2, None, 3)) -> tuple[SightingExport, ExportMetrics]:  # noqa: B008 - frozen
    metrics = ExportMetrics(CollectorRegistry())
    return SightingExport(shelf.page, shares, metrics), metrics


@given(st.lists(st.integers(-9, 140), unique=True), st.integers(1, 4), st.integers(0, 9))
async def test_every_sighting_comes_once_wherever_an_export_was_cut(hours: list[int], size: int, cut: int) -> None:
    """Going on after any page gives the rest, the last page has no cursor, and no read walks more than a day."""
    shelf = Shelf(*map(_sighting, hours))
    export, _ = _export(shelf)
    pages = [page async for page in export.pages(_WHOLE, size, None, everywhere(), _ANA)]
    assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert all(len(page.sightings) <= size for page in pages)
    got = [each for page in pages[:cut] for each in page.sightings]
    if (cut < len(pages) and (place := pages[cut - 1].cursor if cut else None) is not None) or not cut:
        rest = export.pages(_WHOLE, size, place, everywhere(), _ANA)
        got += [each async for page in rest for each in page.sightings]
    assert got == [each for each in shelf.sightings if _START <= each.sighting.first_seen < _WHOLE.end]
    assert shelf.longest <= timedelta(days=1)


async def test_the_cameras_that_may_be_seen_are_asked_before_every_page() -> None:
    """A camera that leaves the scope while an export is open is in no later page."""
    export, metrics = _export(Shelf(_sighting(1), _sighting(2), _sighting(3, "desk")))
    authorized = AuthorizedCameras(Scope(frozenset({"door", "desk"})))
    async with aclosing(export.pages(_WHOLE, 1, None, authorized, _ANA)) as pages:
        assert (await anext(pages)).sightings == [_sighting(1)]
        authorized.cameras = frozenset({"desk"})
        assert [each async for page in pages for each in page.sightings] == [_sighting(3, "desk")]
    assert metrics.sightings._value.get() == 2


async def test_one_credential_has_few_exports_and_keeps_nobody_out() -> None:
    """A third export of one is refused by name; a newcomer takes a place of whoever holds more; places come back."""
    export, metrics = _export(Shelf(_sighting(1), _sighting(2)), PlaceShares(2, None, 2))
    first = export.pages(_WHOLE, 1, None, everywhere(), _ANA)
    second = export.pages(_WHOLE, 1, None, everywhere(), _ANA)
    await anext(first)
    await anext(second)
    with pytest.raises(LimitReached, match="PORTERO_EXPORTS_BY_IDENTITY") as refusal:
        await anext(export.pages(_WHOLE, 1, None, everywhere(), _ANA))
    assert refusal.value.reason == "TOO_MANY_EXPORTS_OF_IDENTITY"
    newcomer = export.pages(_WHOLE, 1, None, everywhere(), _BO)
    await anext(newcomer)
    with pytest.raises(LimitReached, match="PORTERO_MAX_EXPORTS"):
        await anext(first)
    assert [len(page.sightings) async for page in second] == [1, 0]
    await newcomer.aclose()
    assert metrics.open._value.get() == 0


async def test_an_export_leaves_a_server_that_goes_away() -> None:
    """It ends before its next page, retryable, and goes on elsewhere after the last one."""
    shelf = Shelf(_sighting(1), _sighting(2))
    export, metrics = _export(shelf)
    pages = export.pages(_WHOLE, 1, None, everywhere(), _ANA)
    first = await anext(pages)
    export.drain()
    with pytest.raises(Unavailable) as refusal:
        await anext(pages)
    assert (refusal.value.reason, metrics.open._value.get()) == ("DRAINING", 0)
    other, _ = _export(shelf)
    rest = other.pages(_WHOLE, 1, first.cursor, everywhere(), _ANA)
    assert [each async for page in rest for each in page.sightings] == [_sighting(2)]
