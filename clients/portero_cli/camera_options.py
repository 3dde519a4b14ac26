"""The settings of a camera as options: what `portero cameras add` and `set` share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from portero_cli.times import parse_duration

MODE_HELP = "What to look for."
PURPOSE_HELP = "The people it serves; decides the priority when the quota is short."
TIME_HELP = "Which clock dates its frames: the bridge's, or the server's on arrival, for live streams only."
_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class VisitGap:
    """A visit gap as given on the command line; a value of None is "default": the server's."""

    value: timedelta | None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold as given on the command line; a value of None is "default": the server's."""

    value: float | None


def _gap(text: str) -> VisitGap:
    return VisitGap(None if text == _DEFAULT else parse_duration(text))


def _threshold(text: str) -> Threshold:
    try:
        return Threshold(None if text == _DEFAULT else float(text))
    except ValueError:
        raise ValueError(f"{text!r} is not a similarity; write 0 to 1, or default") from None


VisitGapOption = Annotated[
    VisitGap | None,
    typer.Option(
        "--visit-gap",
        parser=_gap,
        metavar="DURATION",
        help="A person seen again within this time continues the sighting, such as 90s; or default: the server's.",
        show_default=False,
    ),
]
ThresholdOption = Annotated[
    Threshold | None,
    typer.Option(
        "--threshold",
        parser=_threshold,
        metavar="SIMILARITY",
        help="Lowest similarity for a match, 0 to 1; or default: the server's.",
        show_default=False,
    ),
]
