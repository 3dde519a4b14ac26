"""Which destinations of a subscription have a message that others of it did not take, for all servers."""

from __future__ import annotations

import json
from collections.abc import Set
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.bulk.writing import upsert
from portero_server.store.database import Database
from portero_server.store.schema import subscription_told, subscriptions

_COLUMNS = subscription_told.c


class ToldDestinations:
    """Keeps who has a message, so that whichever server sends it next sends it to the others alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, subscription_id: str, message_id: str) -> Set[int]:
        """Returns the numbers of the destinations that have a message.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        query = select(_COLUMNS.destinations).where(*_own(subscription_id, message_id))

        async def unit(connection: AsyncConnection) -> Set[int]:
            found = (await connection.execute(query)).scalar_one_or_none()
            return frozenset() if found is None else frozenset(json.loads(found))

        return await self._database.read(unit)

    async def note(self, subscription_id: str, message_id: str, told: Set[int], now: datetime) -> None:
        """Stores who has a message. Of a subscription that was deleted nothing is stored.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        row = {
            "subscription_id": subscription_id,
            "message_id": message_id,
            "destinations": json.dumps(sorted(told)),
            "told_at": now,
        }
        held = select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id == subscription_id)

        async def unit(connection: AsyncConnection) -> None:
            if (await connection.execute(held.with_for_update(read=True))).first() is not None:
                await upsert(connection, subscription_told, [row], replacing=("destinations", "told_at"))

        await self._database.run(unit)

    async def forget(self, subscription_id: str, message_id: str) -> None:
        """Removes what is stored of a message that every destination has.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        gone = delete(subscription_told).where(*_own(subscription_id, message_id))

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(gone)

        await self._database.run(unit)


def _own(subscription_id: str, message_id: str) -> tuple[ColumnElement[bool], ...]:
    return (_COLUMNS.subscription_id == subscription_id, _COLUMNS.message_id == message_id)
