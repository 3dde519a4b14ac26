"""Decides when a source counts as up. Pure."""

from portero_bridge.backoff import SOUND_SECONDS


class Steadiness:
    """Follows a source's images, from one failure to the next.

    A source is up with its first image. After one that failed within seconds it is up only when images have come for
    as long as a sound source lasts: a camera that gives one picture a try is in one state, and not in two a try.
    """

    def __init__(self) -> None:
        self._is_up = False
        self._is_sound = True
        self._first: float | None = None
        self._last = 0.0

    def image(self, now: float) -> bool:
        """Records an image at monotonic seconds. Returns whether the source is up from now on."""
        if self._first is None:
            self._first = now
        self._last = now
        if self._is_up or not (self._is_sound or now - self._first >= SOUND_SECONDS):
            return False
        self._is_up = True
        return True

    def failed(self) -> float:
        """Records a failure. Returns for how long images had come, seconds."""
        if self._first is None:
            return 0.0
        lived = self._last - self._first
        self._first, self._is_up, self._is_sound = None, False, lived >= SOUND_SECONDS
        return lived
