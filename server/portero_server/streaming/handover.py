"""What a session takes over from the one before it, in the same process and of the same stream: late answers.

A face that was decided without an answer is durable, and its frames do not come again. So neither a call that is out
for it nor an answer that waits for its commit may end with the session.
"""

from __future__ import annotations

from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.tracks import Track, TrackState
from portero_server.streaming.pending_commit import PendingCommit
from portero_server.streaming.session import Session


def awaits_answers(session: Session) -> bool:
    """Returns whether a session that was cut leaves something to take over."""
    return session.follower is not None and (session.follower.busy or not session.ledger.empty)


def take_over(session: Session, before: Session | None) -> None:
    """Has a session that begins make the calls again, and commit the answers, that ended with the one before."""
    if before is None or before.row.stream_id != session.row.stream_id:
        return
    if session.follower is None or before.follower is None:
        return
    durable = session.row.durable_sequence
    followed = {track.track_id: track for track in session.follower.tracks}
    for gathered in before.ledger.pending:
        _take_answers(session, gathered, followed, durable)
    session.follower.calls.take_over(before.follower.calls, tuple(followed.values()), durable)


def _take_answers(session: Session, gathered: PendingCommit, followed: dict[str, Track], durable: int) -> None:
    """Gathers again who was named late; a track that had not ended at the watermark goes on under the name."""
    for decided in gathered.decided:
        if not decided.revises or decided.returns or decided.match is None:
            continue
        track = followed.get(decided.track_id)
        news = [
            each for each in gathered.updates if isinstance(each, TrackUpdate) and each.track_id == decided.track_id
        ]
        if track is not None:
            track.match = decided.match
            news = [each for each in news if each.state is TrackState.REVISED]
        elif any(each.sequence > durable for each in news):
            # Its frames come again, and it begins anew.
            continue
        answers = [each for each in gathered.recognitions if each.track_id == decided.track_id]
        session.ledger.take_over(decided, news, answers)
