"""When the engine is asked who a track is, and with which shots."""

from __future__ import annotations

from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.track import Track


class CallPlanner:
    """Decides which shots of a track are sent. Times are monotonic seconds, qualities 0..1."""

    def __init__(self, policy: TrackPolicy) -> None:
        self._policy = policy

    def wants_call(self, track: Track, quality: float, now: float, *, at_edge: bool = False) -> bool:
        """Returns whether to send a shot of this quality (0..1) now (monotonic seconds).

        A face at the edge of the picture is mostly somebody who walks in: a moment later all of it can be seen. Until
        patience ends it is not good enough.
        """
        policy = self._policy
        if track.pending or track.unverified or track.match is not None or quality < policy.poor_quality:
            return False
        if track.calls >= policy.max_calls or now < track.retry_at:
            return False
        if track.evidence is not None:
            # Another shot may confirm the provisional name. One as good is sent at once.
            return quality >= track.asked_quality or now >= track.asked_at + policy.patience
        if track.calls > 0:
            return quality >= track.asked_quality * policy.better_by
        return (quality >= policy.good_quality and not at_edge) or now >= track.received + policy.patience

    def impatient(self, track: Track, now: float) -> float:
        """Returns the moment, `now` or later, from which the best shot of a track is sent although it is poor."""
        return max(now, max(track.received, track.asked_at) + self._policy.patience)

    def call(self, track: Track, quality: float, now: float) -> None:
        """Records that a call with a shot of this quality is being made now (monotonic seconds)."""
        track.calls += 1
        track.asked_at = now
        track.asked_quality = max(track.asked_quality, quality)

    def answer_by(self, track: Track, now: float) -> float:
        """Returns the deadline of a call made now (monotonic seconds).

        The decision does not wait for the call beyond its own deadline, but a later answer still revises it.
        """
        return max(track.received, now) + self._policy.deadline

    def name_by(self, track: Track, now: float) -> float:
        """Returns until when an answered track may wait for the person's name (monotonic seconds).

        This is half of the time left until the decision is due, so that a deadline never finds an answer unused.
        """
        left = track.received + self._policy.deadline - now
        return now + (max(0.0, left) if track.awaits_decision else self._policy.deadline) / 2

    def recalled(self, track: Track, quality: float) -> None:
        """Records that a call was answered from memory, learned from a shot of this quality."""
        track.asked_quality = max(track.asked_quality, quality)

    def saw_no_face(self, track: Track) -> None:
        """Records that an answer is that there is no face in the shot."""
        track.faceless += 1

    def compared(self, track: Track, *, torn: bool) -> None:
        """Records whether an answer was torn between people who are easily taken for each other."""
        track.torn = torn

    def fail(self, track: Track, now: float) -> None:
        """Records that a call got no answer; the shot may be sent again after a pause."""
        policy = self._policy
        track.calls -= 1
        track.failures += 1
        pause = min(policy.longest_retry_pause, policy.retry_pause * 2.0 ** min(track.failures - 1, 10))
        track.retry_at = now + pause
        if track.calls == 0:
            track.asked_quality = 0.0
