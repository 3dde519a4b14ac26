"""Dates recorded or artificial images, and paces them."""

from datetime import datetime, timedelta

from portero_client.streaming.clock import Clock


class Timeline:
    """The time of one source across repetitions: capture times never go back.

    Args:
        clock: The bridge's clock.
        realtime: Whether images come when they are due, or as fast as they are taken.
    """

    def __init__(self, clock: Clock, *, realtime: bool) -> None:
        self._clock = clock
        self._realtime = realtime
        self._is_recorded = False
        self._began = clock.monotonic()
        self._start = self._last = datetime.min.replace(tzinfo=clock.now().tzinfo)

    def begin(self, recorded: datetime | None = None) -> None:
        """Sets offset 0 to a time, or to the end of a previous repetition that is later.

        Args:
            recorded: When a recording began, UTC; none of its times will lie in the future. None: now.
        """
        self._began = self._clock.monotonic()
        self._is_recorded = recorded is not None
        self._start = max(recorded or self._clock.now(), self._last)

    async def reach(self, offset: float) -> datetime:
        """Waits until an image is due in real-time mode, and until its time is past if it was recorded.

        Args:
            offset: Seconds after the beginning.

        Returns:
            Its capture time.
        """
        if self._realtime:
            ahead = self._began + offset - self._clock.monotonic()
            if ahead > 0:
                await self._clock.sleep(ahead)
        time = self._start + timedelta(seconds=offset)
        if self._is_recorded and (early := (time - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(early)
        self._last = time
        return time
