"""How far events are sent to whom, and which server sends them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.schema import event_relays

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_REWINDS = func.coalesce(event_relays.c.rewinds, 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """What is told together, decided once for all servers: so nothing is half canceled when one of them dies.

    Attributes:
        after: Position before its first one.
        until: Position of its last one.
    """

    after: int
    until: int


@dataclass(frozen=True, slots=True)
class RelayState:
    """What is known of one relay.

    Attributes:
        position: Up to here nothing is left to send.
        stopped: Whether its endpoint wants no more.
        rewinds: How often somebody asked for a replay.
        batch: What is being told together; None: nothing is.
        digested_at: The time of the digest that was begun last; None: there was none, or what was begun since is none.
    """

    position: int
    stopped: bool
    rewinds: int = 0
    batch: Batch | None = None
    digested_at: datetime | None = None


class EventRelayStore:
    """Stores the progress of one relay, for all servers. One server at a time holds the claim to send."""

    def __init__(self, database: Database, name: str, endpoint: str, server: str, *, creates: bool = True) -> None:
        """Creates the store of a relay.

        Args:
            database: Where it is.
            name: Of the relay, as "webhook".
            endpoint: Digest of where it sends; one that differs from the stored one is not stopped.
            server: This server, in one word that no other has.
            creates: Whether a relay that is missing is made; else it was deleted, and is stopped.
        """
        self._database = database
        self._name = name
        self._own = event_relays.c.name == name
        self._endpoint = endpoint
        self._server = server
        self._creates = creates

    async def state(self, start: int) -> RelayState:
        """Returns the state; a relay that is new begins after position `start`.

        Raises:
            StoreUnavailable: The database does not answer.
        """

        async def read(connection: AsyncConnection) -> RelayState | None:
            row = (await connection.execute(select(event_relays).where(self._own))).one_or_none()
            if row is None:
                return None
            stopped = bool(row.stopped_reason) and row.endpoint == self._endpoint
            # A batch ends with the position that reaches its end.
            begun = row.batch_until is not None and row.position < row.batch_until
            batch = Batch(row.batch_after, row.batch_until) if begun else None
            return RelayState(row.position, stopped, row.rewinds or 0, batch, row.digested_at)

        if (found := await self._database.read(read)) is not None:
            return found
        if not self._creates:
            return RelayState(start, stopped=True)
        made = [new_relay(self._name, start, self._endpoint)]
        await self._database.run(lambda connection: insert_new(connection, event_relays, made))
        return await self._database.read(read) or RelayState(start, stopped=False)

    async def claim(self, now: datetime, lease: float) -> bool:
        """Claims the sending for `lease` seconds, or longer if it is claimed already.

        Returns:
            False while another server holds the claim.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        columns = event_relays.c
        until = now + timedelta(seconds=lease)
        free = or_(
            columns.claimed_by == self._server,
            columns.claimed_until <= now,
            # Of a server whose clock was wrong.
            columns.claimed_until > until,
        )
        values = {"claimed_by": self._server, "claimed_until": until}
        return await self._change(values, free)

    async def release(self) -> None:
        """Lets another server send at once; does nothing without the claim.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        await self._change({"claimed_until": _NEVER}, event_relays.c.claimed_by == self._server)

    async def advance(self, since: RelayState, position: int) -> None:
        """Stores that nothing is left to send up to a position; needs the claim, and the state that was read before.

        If the position or the number of replays is another one, somebody has asked for a replay meanwhile, which must
        not be undone. The position alone does not tell: it may be the one that was replayed from.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        await self._advance(since, {"position": position})

    async def begin(self, since: RelayState, until: int, moment: datetime | None = None) -> bool:
        """Stores that everything up to a position is told together, as the digest of a moment if there is one.

        Returns:
            False under the conditions in which `advance` stores nothing, or while something is told together already.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        values: dict[str, object] = {"batch_after": since.position, "batch_until": until, "digested_at": moment}
        columns = event_relays.c
        over = or_(columns.batch_until.is_(None), columns.batch_until <= columns.position)
        return await self._advance(since, values, over)

    async def _advance(self, since: RelayState, values: dict[str, object], *conditions: object) -> bool:
        columns = event_relays.c
        same = (columns.position == since.position, since.rewinds == _REWINDS)
        return await self._change(values, columns.claimed_by == self._server, *same, *conditions)

    async def stop(self, reason: str) -> None:
        """Stores that the endpoint wants no more, until `resume` or another endpoint.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        await self._change({"stopped_reason": reason, "endpoint": self._endpoint})

    async def resume(self) -> bool:
        """Starts to send again. Returns whether the relay exists.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        return await self._change({"stopped_reason": "", "endpoint": self._endpoint})

    async def rewind(self, position: int) -> bool:
        """Has everything after a position sent again. Returns whether the relay exists.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        return await self._change({"position": position, "rewinds": _REWINDS + 1, "batch_until": None})

    async def _change(self, values: dict[str, object], *conditions: object) -> bool:
        changed = update(event_relays).where(self._own, *conditions).values(**values)  # type: ignore[arg-type]

        async def unit(connection: AsyncConnection) -> bool:
            return (await connection.execute(changed)).rowcount == 1

        return await self._database.run(unit)


def new_relay(name: str, start: int, endpoint: str) -> dict[str, object]:
    """Returns the row of a relay that is told of what comes after a position, and that nobody has claimed."""
    return {
        "name": name,
        "position": start,
        "endpoint": endpoint,
        "stopped_reason": "",
        "claimed_by": "",
        "claimed_until": _NEVER,
        "rewinds": 0,
        "batch_after": None,
        "batch_until": None,
        "digested_at": None,
    }
