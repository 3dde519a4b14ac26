"""What every store of relays must do: the real one on each database, and the fake that tests build on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from portero_server.events.relay_ports import BatchStore
from portero_server.store.event_relays import Batch, RelayState
from tests.support.store.commits import at

LEASE = 60.0


class WholeRelayStore(BatchStore, Protocol):
    """What relays and the command line use."""

    async def resume(self) -> bool:
        """Starts to send again. Returns whether the relay exists."""
        ...

    async def rewind(self, position: int) -> bool:
        """Has everything after a position sent again. Returns whether the relay exists."""
        ...


Relays = Callable[[str, str], WholeRelayStore]
"""Makes the store of one relay, for an endpoint and a server."""


class RelayContract:
    """The rules. A subclass gives `relays`."""

    @pytest.fixture
    def relays(self) -> Relays:
        """The stores under test, all of one relay."""
        raise NotImplementedError

    async def test_a_new_relay_begins_where_it_is_told_to_and_stays_there(self, relays: Relays) -> None:
        """The first server decides; nothing is sent of what happened before."""
        one, other = relays("e1", "one"), relays("e1", "two")
        assert await one.state(7) == RelayState(7, stopped=False)
        assert await other.state(99) == RelayState(7, stopped=False)

    async def test_one_server_holds_the_claim_until_it_ends(self, relays: Relays) -> None:
        """The holder may claim again; another one may when the lease has ended, or when the holder lets go."""
        one, other = relays("e1", "one"), relays("e1", "two")
        await one.state(0)
        assert await one.claim(at(0), LEASE)
        assert not await other.claim(at(1), LEASE)
        assert await one.claim(at(30), LEASE)
        assert not await other.claim(at(89), LEASE)
        assert await other.claim(at(90), LEASE)
        assert not await one.claim(at(91), LEASE)
        await one.release()
        assert not await one.claim(at(92), LEASE)
        await other.release()
        assert await one.claim(at(93), LEASE)

    async def test_a_claim_from_the_future_holds_nobody_up(self, relays: Relays) -> None:
        """A server whose clock was an hour ahead does not keep the others from sending."""
        one, other = relays("e1", "one"), relays("e1", "two")
        await one.state(0)
        assert await one.claim(at(3600), LEASE)
        assert await other.claim(at(0), LEASE)

    async def test_progress_needs_the_claim_and_undoes_no_replay(self, relays: Relays) -> None:
        """A server that lost its claim changes nothing any more, nor one that has not heard of a replay."""
        one, other = relays("e1", "one"), relays("e1", "two")
        begun = await one.state(0)
        await one.advance(begun, 3)
        assert (await one.state(0)).position == 0
        await one.claim(at(0), LEASE)
        await one.advance(begun, 5)
        before = await other.state(0)
        assert before.position == 5
        await other.rewind(2)
        await one.advance(before, 8)
        after = await one.state(0)
        assert after.position == 2
        await other.claim(at(61), LEASE)
        await one.advance(after, 9)
        assert (await one.state(0)).position == 2

    async def test_a_replay_from_the_stored_position_is_not_undone_either(self, relays: Relays) -> None:
        """What is being sent from there when somebody asks is sent again."""
        one = relays("e1", "one")
        begun = await one.state(4)
        await one.claim(at(0), LEASE)
        assert await one.rewind(4)
        await one.advance(begun, 6)
        assert await one.state(0) == RelayState(4, stopped=False, rewinds=1)

    async def test_a_stopped_endpoint_stays_so_until_it_is_resumed_or_another_one(self, relays: Relays) -> None:
        """Whether it was stopped outlives servers; the position stays."""
        one, moved = relays("e1", "one"), relays("e2", "one")
        await one.state(4)
        await one.stop("GONE")
        assert await relays("e1", "two").state(0) == RelayState(4, stopped=True)
        assert await moved.state(0) == RelayState(4, stopped=False)
        assert await one.resume()
        assert await one.state(0) == RelayState(4, stopped=False)

    async def test_a_replay_moves_the_position_back(self, relays: Relays) -> None:
        """It needs no claim, since a person asks for it; where there is no relay there is nothing to move."""
        one = relays("e1", "one")
        assert not await one.rewind(1)
        assert not await one.resume()
        await one.state(8)
        assert await one.rewind(3)
        assert await one.state(0) == RelayState(3, stopped=False, rewinds=1)

    async def test_what_is_told_together_is_decided_once(self, relays: Relays) -> None:
        """By whoever holds the claim; it ends with its last position, and a replay ends it too."""
        one, other = relays("e1", "one"), relays("e1", "two")
        before = await one.state(3)
        assert (before.batch, before.digested_at) == (None, None)
        assert not await other.begin(before, 9, at(0))
        assert await one.claim(at(0), LEASE)
        assert await one.begin(before, 9, at(0))
        begun = await other.state(0)
        assert begun == RelayState(3, stopped=False, batch=Batch(3, 9), digested_at=at(0))
        assert not await one.begin(begun, 12, at(1))
        await one.advance(begun, 6)
        within = await other.state(0)
        assert within == RelayState(6, stopped=False, batch=Batch(3, 9), digested_at=at(0))
        assert not await one.begin(within, 12, at(1))
        await one.advance(within, 9)
        after = await one.state(0)
        assert after == RelayState(9, stopped=False, digested_at=at(0))
        assert await one.begin(after, 12)
        assert await one.state(0) == RelayState(9, stopped=False, batch=Batch(9, 12))
        assert await one.rewind(2)
        replayed = await one.state(0)
        assert (replayed.position, replayed.batch) == (2, None)
        assert not await one.begin(after, 20, at(2))
        assert await one.begin(replayed, 12, at(2))

    async def test_a_digest_of_nothing_is_over_as_it_begins(self, relays: Relays) -> None:
        """Only its time is kept."""
        one = relays("e1", "one")
        assert await one.state(3)
        assert await one.claim(at(0), LEASE)
        assert await one.begin(await one.state(0), 3, at(0))
        assert await one.state(0) == RelayState(3, stopped=False, digested_at=at(0))
