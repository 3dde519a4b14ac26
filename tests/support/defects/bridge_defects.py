"""Defects that a bridge could have; the rig puts them in to prove that its checker finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portero_client.streaming.delivery.planner import Delivery
from portero_client.streaming.frames import last_sequence
from portero_client.streaming.spool.spool import Spool
from tests.support.defects.faultpoints import wrapped


def spool_freed_on_receipt() -> None:
    """The spool lets go of what was handed out, before the server said that it is durable."""

    def wrap(read_after: Callable[..., Any]) -> Callable[..., Any]:
        def freeing(spool: Spool, sequence: int, max_entries: int, max_bytes: int) -> Any:
            entries = read_after(spool, sequence, max_entries, max_bytes)
            spool._connection.execute("DELETE FROM entries WHERE last_sequence <= ?", (spool._handed_out,))
            return entries

        return freeing

    wrapped(Spool, "read_after", wrap)


def resume_skips_ahead() -> None:
    """A new session goes on after the last frame that was sent, not after the last one that is durable."""

    def wrap(opened: Callable[..., None]) -> Callable[..., None]:
        def skipping(delivery: Delivery, terms: Any, numbered_through: int, now: float) -> None:
            sent = delivery._sent_through
            opened(delivery, terms, numbered_through, now)
            if delivery.is_open and sent > terms.durable_sequence:
                while (entry := delivery._window.next_waiting()) is not None and last_sequence(entry) <= sent:
                    delivery._window.mark_sent()

        return skipping

    wrapped(Delivery, "opened", wrap)


DEFECTS: Mapping[str, Callable[[], None]] = {
    each.__name__: each for each in (spool_freed_on_receipt, resume_skips_ahead)
}
