"""Leaves pictures out when the server asks for fewer."""

# Cameras deliver at 29.97 when they say 30: a picture this share of an interval early is on time.
_EARLY = 0.1


class RateCap:
    """Keeps pictures at least one interval of the asked-for rate apart, by their capture times."""

    def __init__(self) -> None:
        self._rate: float | None = None
        self._kept_at: float | None = None

    def ask(self, rate: float | None) -> None:
        """Applies a rate in pictures a second, more than 0; None keeps all."""
        self._rate = rate

    def keep(self, at: float) -> bool:
        """Returns whether to keep a picture.

        Args:
            at: Its capture time in seconds; one before the last picture's begins anew, as a clock that was set back.
        """
        if self._rate is not None and self._kept_at is not None:
            since = at - self._kept_at
            if 0 <= since < (1 - _EARLY) / self._rate:
                return False
        self._kept_at = at
        return True
