"""Regions of interest as privacy zones: what is looked at, told by what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from portero_client import Box

MOST_ZONES = 32
"""Privacy zones that a camera may have."""


def zones_around(regions: Sequence[Box]) -> tuple[Box, ...] | None:
    """Returns the boxes that cover a frame except for these regions; none if there are no regions.

    Returns:
        Boxes in ratios of the frame, which do not overlap. None: it takes more than a camera may have.
    """
    if not regions:
        return ()
    across = _cuts((region.left, region.left + region.width) for region in regions)
    zones: list[Box] = []
    open_zones: dict[tuple[float, float], Box] = {}
    for top, bottom in pairwise(_cuts((region.top, region.top + region.height) for region in regions)):
        middle = (top + bottom) / 2
        free = _free_spans(across, [each for each in regions if each.top <= middle < each.top + each.height])
        # A strip that goes on below another one of the same width is one box with it.
        ended = [zone for span, zone in open_zones.items() if span not in free]
        zones += ended
        open_zones = {span: _extended(open_zones.get(span), span, top, bottom) for span in free}
    zones += open_zones.values()
    return tuple(zones) if len(zones) <= MOST_ZONES else None


def _cuts(spans: Iterable[tuple[float, float]]) -> list[float]:
    return sorted({0.0, 1.0, *(min(max(edge, 0.0), 1.0) for span in spans for edge in span)})


def _free_spans(across: Sequence[float], regions: Sequence[Box]) -> list[tuple[float, float]]:
    """Returns the widest spans of a strip that no region covers."""

    def covered(span: tuple[float, float]) -> bool:
        middle = sum(span) / 2
        return any(each.left <= middle < each.left + each.width for each in regions)

    spans = [(taken, list(group)) for taken, group in groupby(pairwise(across), key=covered)]
    return [(group[0][0], group[-1][1]) for taken, group in spans if not taken]


def _extended(zone: Box | None, span: tuple[float, float], top: float, bottom: float) -> Box:
    begins = top if zone is None else zone.top
    return Box(span[0], begins, span[1] - span[0], bottom - begins)
