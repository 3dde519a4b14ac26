"""Draws what thresholds would have named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from portero_client import InvalidArgument, WhatIfResult


def plotted(path: Path, results: Sequence[WhatIfResult]) -> None:
    """Draws, as a PNG file, the tracks that each threshold names, gains, loses and changes.

    Without results, only checks whether it could.

    Raises:
        InvalidArgument: The file cannot be written, or what draws is not installed.
    """
    if path.suffix.lower() != ".png":
        raise InvalidArgument("the plot's file must end in .png", field="plot")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InvalidArgument(
            "the package that draws is missing: pip install 'portero[plot]'", field="plot", reason="NO_PLOT"
        ) from None
    if not results:
        return
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    ordered = sorted(results, key=lambda each: each.similarity_threshold)
    thresholds = [each.similarity_threshold for each in ordered]
    for label, numbers in (
        ("named", [each.total.named_after for each in ordered]),
        ("gained", [each.total.gained for each in ordered]),
        ("lost", [each.total.lost for each in ordered]),
        ("changed", [each.total.changed for each in ordered]),
    ):
        axes.plot(thresholds, numbers, marker="o", label=label)
    axes.set_xlabel("similarity threshold")
    axes.set_ylabel(f"tracks, of {ordered[0].total.tracks}")
    axes.set_ylim(bottom=0)
    axes.legend()
    try:
        figure.savefig(path, format="png", dpi=120)
    except OSError as error:
        raise InvalidArgument(f"{path}: {error.strerror or 'cannot be written'}", field="plot") from None
