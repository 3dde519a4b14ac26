"""A vendor's check that a living person is before the camera of their own device."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from portero_server.engines.base import CallContext


class LivenessState(Enum):
    """How far a liveness session is."""

    OPEN = "open"
    """The person has not finished."""
    DONE = "done"
    """The vendor has judged: see the confidence."""
    FAILED = "failed"
    """The vendor could not judge what it was shown."""
    EXPIRED = "expired"
    """It was not finished in time, or the vendor does not know it any more."""


@dataclass(frozen=True, slots=True)
class LivenessAnswer:
    """What a vendor says of a liveness session.

    Attributes:
        state: How far it is.
        confidence: That a living person was there, 0..1; None unless it is DONE.
        reference: A picture of that person's face, as a JPEG file; None: the vendor has none, or it is not DONE.
    """

    state: LivenessState
    confidence: float | None = None
    reference: bytes | None = None


class FaceLiveness(Protocol):
    """Begins liveness sessions and tells how they went.

    The person's device shows the vendor's challenge and sends the vendor its video; this server only begins and asks.
    """

    @property
    def region(self) -> str:
        """The vendor's region that knows the sessions; the device must use the same one."""
        ...

    async def begin(self, token: str, context: CallContext) -> str:
        """Begins a session, which is what is paid for, and returns its id.

        Args:
            token: Begins one session however often it is sent; at most 64 of [A-Za-z0-9_-].
            context: The purpose of the call.

        Raises:
            EngineError: The vendor could not answer.
        """
        ...

    async def ask(self, session_id: str, context: CallContext) -> LivenessAnswer:
        """Returns how a session went so far; asking costs nothing.

        Raises:
            EngineError: The vendor could not answer.
        """
        ...


@runtime_checkable
class LivenessEngine(Protocol):
    """An engine whose vendor checks liveness."""

    @property
    def face_liveness(self) -> FaceLiveness:
        """Begins its liveness sessions and tells how they went."""
        ...
