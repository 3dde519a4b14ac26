"""Decides what follows the end of a session: when to reconnect, and what to repair first."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from portero_client.backoff import Backoff
from portero_client.errors import Aborted, NotFound, PorteroError, ResourceExhausted, ServerFault, Unavailable
from portero_client.streaming.delivery.terms import HangUp

# A session that lived so long, in seconds, shows that the server is well.
_SOUND_AFTER = 10.0
# Nothing changes within seconds when the server says no, or when two clients claim one camera.
_LONG_DELAY = 30.0


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """How a session ended.

    Attributes:
        cause: Why.
        opened: Whether Opened had come.
        progressed: Whether anything became durable in it.
        lived: Seconds from the attempt to the end.
    """

    cause: HangUp | PorteroError
    opened: bool
    progressed: bool
    lived: float


class Remedy(Enum):
    """A repair to make before the next session."""

    NOTHING = auto()
    REGISTER = auto()
    RENUMBER = auto()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do next: a remedy, then a delay in seconds, then the next session."""

    remedy: Remedy
    delay: float


class Reconnect:
    """Remembers how sessions ended, so that repeated failures are retried less and less often.

    Args:
        backoff: Delays after failures.
        random: Returns a number in 0..1.
        register: Whether an unknown camera may be created.
        patience: Give up when no session was opened for so many seconds, and at once when the server
            says no; None never gives up.
        now: Monotonic seconds at the beginning.
    """

    def __init__(
        self,
        backoff: Backoff,
        random: Callable[[], float],
        *,
        register: bool,
        patience: float | None,
        now: float,
    ) -> None:
        self._backoff = backoff
        self._random = random
        self._register = register
        self._patience = patience
        self._apart_since = now
        self._remedies_in_vain = 0
        self._failures = 0

    def after(self, end: SessionEnd, now: float) -> Plan:
        """Decides what follows the end of a session, or of an attempted remedy.

        Args:
            end: How it ended.
            now: Monotonic seconds.

        Raises:
            PorteroError: The cause, when patience is at its end.
        """
        if end.opened:
            self._apart_since = now
        if end.progressed or (end.opened and end.lived >= _SOUND_AFTER):
            self._failures = 0
            self._remedies_in_vain = 0
        remedy = self._remedy(end.cause)
        if remedy is not Remedy.NOTHING or end.cause in (HangUp.DRAINED, HangUp.RENEWED):
            self._remedies_in_vain += 1
            # What was put right is tried at once; when it is wrong again, no longer.
            return Plan(remedy, 0.0 if self._remedies_in_vain == 1 else self._next_delay())
        if isinstance(end.cause, PorteroError):
            return Plan(Remedy.NOTHING, self._delay_after_error(end.cause, now))
        self._lose_patience(Unavailable(end.cause.value), now)
        return Plan(Remedy.NOTHING, self._next_delay())

    def _remedy(self, cause: HangUp | PorteroError) -> Remedy:
        if cause is HangUp.EPOCH_UNKNOWN:
            return Remedy.RENUMBER
        if self._register and isinstance(cause, NotFound) and cause.reason == "CAMERA_NOT_FOUND":
            return Remedy.REGISTER
        return Remedy.NOTHING

    def _delay_after_error(self, error: PorteroError, now: float) -> float:
        asked = error.retry_after if isinstance(error, (ResourceExhausted, Unavailable)) else None
        # Another client streams this camera: coming back at once would only throw it out in turn.
        superseded = isinstance(error, Aborted) and error.reason == "SESSION_SUPERSEDED"
        if (error.retryable or isinstance(error, ServerFault)) and not superseded:
            self._lose_patience(error, now)
            return max(self._next_delay(), asked or 0.0)
        if self._patience is not None:
            raise error
        return _LONG_DELAY * (0.5 + self._random())

    def _next_delay(self) -> float:
        self._failures += 1
        return self._backoff.delay(self._failures, self._random())

    def _lose_patience(self, error: PorteroError, now: float) -> None:
        if self._patience is not None and now - self._apart_since >= self._patience:
            raise error
