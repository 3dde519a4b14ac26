"""The outbox keeps order, folds acknowledgments, and says when it is full."""

from __future__ import annotations

import asyncio

from portero_server.domain.streams.credit import Credit
from portero_server.domain.streams.frames import RejectionReason
from portero_server.domain.streams.messages import Ack, Heartbeat, Rejected
from portero_server.streaming.outbox import Outbox


def _ack(sequence: int) -> Ack:
    return Ack(sequence, Credit(sequence, sequence))


def _rejected(sequence: int) -> Rejected:
    return Rejected(sequence, RejectionReason.EMPTY, "empty")


async def test_a_later_ack_replaces_one_that_waits() -> None:
    """Of several acknowledgments that were not read yet only the last is sent, after the news."""
    outbox = Outbox()
    outbox.put(_ack(1))
    outbox.put(_rejected(2))
    outbox.put(_ack(3))
    assert await outbox.take() == [_rejected(2), _ack(3)]


async def test_a_sign_of_life_is_given_only_where_nothing_else_waits() -> None:
    """A heartbeat beside anything that waits, another heartbeat too, is dropped."""
    outbox = Outbox()
    outbox.put(Heartbeat())
    outbox.put(Heartbeat())
    assert await outbox.take() == [Heartbeat()]
    outbox.put(_ack(1))
    outbox.put(Heartbeat())
    assert await outbox.take() == [_ack(1)]


async def test_taking_waits_for_news() -> None:
    """A reader of an empty outbox gets what comes next."""
    outbox = Outbox()
    taking = asyncio.ensure_future(outbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    outbox.put(_ack(1))
    assert await taking == [_ack(1)]


async def test_a_full_outbox_has_no_room_until_it_is_read() -> None:
    """Whoever asks for room in a full outbox waits for the reader."""
    outbox = Outbox(capacity=2)
    outbox.put(_rejected(1))
    outbox.put(_rejected(2))
    waiting = asyncio.ensure_future(outbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await outbox.take()
    await waiting


async def test_a_closed_outbox_is_read_out_and_then_ends() -> None:
    """After closing, what was there is still read, nothing is added, and the end is an empty list."""
    outbox = Outbox()
    outbox.put(_rejected(1))
    outbox.close()
    outbox.put(_rejected(2))
    assert await outbox.take() == [_rejected(1)]
    assert await outbox.take() == []
    assert len(outbox) == 0
