"""What a session takes over from the one before it, in the same process and of the same stream."""

from __future__ import annotations

from portero_server.pipeline.session import Session


def take_over_calls(session: Session, before: Session | None) -> None:
    """Has the session make the calls again that ended with the one before; see `open_calls`."""
    if before is None or before.row.stream_id != session.row.stream_id:
        return
    if session.follower is not None and before.follower is not None:
        tracks, durable = session.follower.tracks, session.row.durable_sequence
        session.follower.calls.take_over(before.follower.calls, tracks, durable)
