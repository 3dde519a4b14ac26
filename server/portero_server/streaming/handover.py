"""What a new session takes over from the previous session of the same stream in this process: late answers.

A track that was decided without an answer is durable, so its frames are not sent again. An engine call that is still in
flight for it, or an answer that waits for its commit, must therefore outlive the session.
"""

from __future__ import annotations

from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.streaming.commits import PendingCommit
from portero_server.streaming.session import Session


def awaits_answers(session: Session) -> bool:
    """Returns whether a session that was cut has calls in flight, or answers not yet committed, to hand over."""
    return not session.follower.reads_text and (session.follower.busy or not session.state.commits.done)


def take_over(session: Session, before: Session | None) -> None:
    """Hands the unanswered calls and uncommitted answers of the previous session to the new one."""
    if before is None or before.row.stream_id != session.row.stream_id:
        return
    if session.follower.reads_text or before.follower.reads_text:
        return
    for gathered in before.state.commits.uncommitted:
        _take_answers(session, gathered)
    session.follower.take_over(before.follower, session.row.durable_sequence)


def _take_answers(session: Session, gathered: PendingCommit) -> None:
    """Queues the previous session's late answers for commit.

    A track that had not ended at the watermark continues under the name.
    """
    for decided in gathered.decided:
        if not decided.revises or decided.returns or decided.match is None:
            continue
        news = [
            each for each in gathered.updates if isinstance(each, TrackUpdate) and each.track_id == decided.track_id
        ]
        if session.follower.rename(decided):
            news = [each for each in news if each.state is TrackState.REVISED]
        elif any(each.sequence > session.row.durable_sequence for each in news):
            # Its frames come again, and it begins anew.
            continue
        answers = [each for each in gathered.recognitions if each.track_id == decided.track_id]
        session.runner.perform(session.state.take_over(decided, news, answers))
