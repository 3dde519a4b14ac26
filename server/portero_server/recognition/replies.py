"""One question to the recognizer: who a face is, and what the person is called."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from portero_server.clock import Clock
from portero_server.domain.detection.detections import Match, MatchPolicy
from portero_server.errors import EngineError, Expired, LimitReached, Unavailable
from portero_server.recognition.name_lookup import UNCONFIRMED, NameOf, name_in_time
from portero_server.recognition.shots import Shot
from portero_server.recognition.tiered import Answer, TieredRecognizer


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a question.

    Attributes:
        answer: What the recognizer said; None: no answer came.
        match: Who it is, and may be named; None: nobody.
        name: What the person is called, or UNCONFIRMED.
        outcome: "match", "unknown", "no_face", "expired" or "failed".
        asked, answered: Monotonic seconds.
    """

    answer: Answer | None
    match: Match | None
    name: str | None
    outcome: str
    asked: float
    answered: float

    @property
    def remembered(self) -> bool:
        """Whether the answer, as it was read, may be remembered: its name was found, or it had none."""
        named = self.answer is not None and (self.match is None) == (self.answer.match is None)
        return named and self.name != UNCONFIRMED


class Questions:
    """Asks about the faces of one camera."""

    def __init__(self, recognizer: TieredRecognizer, name_of: NameOf, clock: Clock) -> None:
        self._recognizer = recognizer
        self._name_of = name_of
        self._clock = clock

    async def ask(
        self, shot: Shot, policy: MatchPolicy, apart: Collection[str], name_by: Callable[[float], float]
    ) -> Reply:
        """Returns who a face is.

        Args:
            shot: The shot of the face.
            policy: Threshold and margin on the engine's scale.
            apart: People it cannot be, since they are seen beside it.
            name_by: Returns until when an answer that comes now may wait for the name, monotonic seconds.
        """
        asked = self._clock.monotonic()
        try:
            answer = await self._recognizer.ask(shot.crop, policy, apart, shot.encoded)
        except (EngineError, LimitReached, Unavailable) as error:
            outcome = "expired" if isinstance(error, Expired) else "failed"
            return Reply(None, None, None, outcome, asked, self._clock.monotonic())
        name: str | None = None
        if answer.match is not None:
            now = self._clock.monotonic()
            name = await name_in_time(self._name_of, answer.match.person_id, name_by(now) - now)
        match = None if name is None else answer.match
        outcome = "no_face" if not answer.face_found else "unknown" if match is None else "match"
        return Reply(answer, match, name, outcome, asked, self._clock.monotonic())
