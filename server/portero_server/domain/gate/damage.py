"""Decides which frames with damaged picture data are passed over."""

from __future__ import annotations

_USUAL = 0.5
"""Share of damaged frames above which a camera is taken as it is: one that always seems damaged would never be read."""
_WEIGHT = 0.1
"""Weight of the newest frame in the share: it follows the last ten or so."""


class DamageWatch:
    """Watches one camera's frames for damage.

    A frame with damaged picture data shows what nobody saw: it must neither teach the background nor be anybody's shot.
    The next sound frame is seldom a second away.
    """

    def __init__(self) -> None:
        self._share = 0.0

    def passes_over(self, *, damaged: bool) -> bool:
        """Processes a frame. Returns whether to pass it over."""
        self._share += _WEIGHT * (damaged - self._share)
        return damaged and self._share <= _USUAL
