"""Sessions of liveness checks, in memory: begun through the API, and finished through the simulator's controls."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from portero_simulator.problems import ApiProblem

_LIFETIME = 180.0
"""Seconds after which Amazon lets a session expire."""
_KEPT = 600.0
"""Seconds after which it is not known any more."""


@dataclass(slots=True)
class LivenessSession:
    """A session: since when (monotonic seconds), its status as Amazon names it, and its result.

    Attributes:
        confidence: 0..100, once it has succeeded.
        reference: A JPEG file, if one was given.
    """

    begun: float
    status: str = "CREATED"
    confidence: float | None = None
    reference: bytes | None = None


class LivenessSessions:
    """All sessions of the simulated account."""

    def __init__(self) -> None:
        self._sessions: dict[str, LivenessSession] = {}
        self._by_token: dict[str, str] = {}

    def begin(self, token: str | None, now: float) -> str:
        """Begins a session and returns its id; the one of the same token, if there is one."""
        self._forget(now)
        if token is not None and token in self._by_token:
            return self._by_token[token]
        session_id = str(uuid.uuid4())
        self._sessions[session_id] = LivenessSession(now)
        if token is not None:
            self._by_token[token] = session_id
        return session_id

    def get(self, session_id: str, now: float) -> LivenessSession:
        """Returns a session.

        Raises:
            ApiProblem: No session has this id.
        """
        self._forget(now)
        session = self._sessions.get(session_id)
        if session is None:
            raise ApiProblem("SessionNotFoundException", f"Session {session_id} is not found")
        if session.status == "CREATED" and now - session.begun > _LIFETIME:
            session.status = "EXPIRED"
        return session

    def finish(self, session_id: str, confidence: float | None, reference: bytes | None, now: float) -> None:
        """Finishes a session: with a confidence, or as FAILED without one.

        Raises:
            ApiProblem: No session has this id, or it is over.
        """
        session = self.get(session_id, now)
        if session.status != "CREATED":
            raise ApiProblem("InvalidParameterException", f"Session {session_id} is {session.status}")
        session.status = "FAILED" if confidence is None else "SUCCEEDED"
        session.confidence, session.reference = confidence, reference

    def _forget(self, now: float) -> None:
        gone = {key for key, session in self._sessions.items() if now - session.begun > _KEPT}
        self._sessions = {key: session for key, session in self._sessions.items() if key not in gone}
        self._by_token = {token: key for token, key in self._by_token.items() if key not in gone}
