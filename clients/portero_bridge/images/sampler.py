"""Selects the images of a source to send, at the wanted rate."""

# Cameras deliver at 29.97 when they say 30: an image this share of an interval early is on time.
_EARLY = 0.1


class Sampler:
    """Keeps images at a steady rate, by their capture times.

    The due times keep their phase, so that 5 of 30 images per second are every sixth one, and a jittering source still
    comes out at the wanted rate.

    Args:
        rate: Images a second; None keeps all.
    """

    def __init__(self, rate: float | None) -> None:
        self._configured = rate
        self._rate = rate
        self._due: float | None = None

    @property
    def rate(self) -> float | None:
        """Images per second kept now, or None for all."""
        return self._rate

    def ask(self, rate: float) -> None:
        """Applies the rate that the server asks for; it can lower the configured rate, not raise it.

        Args:
            rate: Images a second, more than 0.
        """
        self._rate = rate if self._configured is None else min(rate, self._configured)
        self._due = None

    def forget_wishes(self) -> None:
        """Returns to the configured rate: a new session starts, and its server has set no limit yet."""
        self._rate = self._configured

    def keep(self, at: float) -> bool:
        """Returns whether to keep an image.

        Args:
            at: Its capture time in seconds; may jump in either direction with the clock.
        """
        if self._rate is None:
            return True
        interval = 1 / self._rate
        due = self._due
        if due is None or at < due - 2 * interval:
            # The first image, or a clock that was set back: a new phase begins here.
            due = at
        if at < due - _EARLY * interval:
            return False
        # A source that paused does not get to catch up with a burst: its phase begins anew.
        self._due = (due if at < due + interval else at) + interval
        return True
