"""What became of the last messages of each subscription: a bounded number of each, without their contents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.events.alerts import INSTEAD_OF
from portero_server.domain.events.deliveries import DeliveryOutcome, SubscriptionDelivery
from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.store.bulk.writing import upsert
from portero_server.store.database import Database
from portero_server.store.schema import along, subscription_deliveries, subscriptions
from portero_server.store.types import DISPLAY_LENGTH

_COLUMNS = subscription_deliveries.c
_KINDS = {kind.value: kind for kind in SightingEventKind}
_NOTICES = ("attendance.", "digest.")
"""How types of notices and digests begin; no kind of event does."""
_KEPT_WHEN_SENT_AGAIN = ("subscription_id", "position", "first_at", "attempts")
_REPLACED = tuple(column.name for column in _COLUMNS if column.name not in _KEPT_WHEN_SENT_AGAIN)


@dataclass(frozen=True, slots=True)
class DeliveryBounds:
    """How much is kept of each subscription.

    Attributes:
        recent: Messages that were taken, or wait.
        dead: Dead letters.
    """

    recent: int
    dead: int


class DeliveryStore:
    """Keeps the last deliveries of subscriptions."""

    def __init__(self, database: Database, bounds: DeliveryBounds) -> None:
        self._database = database
        self._bounds = bounds

    async def note(self, subscription_id: str, deliveries: Sequence[SubscriptionDelivery]) -> None:
        """Stores what became of messages, and removes the oldest ones above the bounds.

        The attempts of a message that was noted before are added to its earlier ones. Of a subscription that was
        deleted nothing is stored.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        rows = [_row(subscription_id, delivery) for delivery in deliveries]
        held = select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id == subscription_id)

        async def unit(connection: AsyncConnection) -> None:
            if (await connection.execute(held.with_for_update(read=True))).first() is None:
                return
            await upsert(connection, subscription_deliveries, rows, replacing=_REPLACED, adding=("attempts",))
            for outcomes, most in (
                ((DeliveryOutcome.DELIVERED, DeliveryOutcome.WAITING), self._bounds.recent),
                ((DeliveryOutcome.GIVEN_UP,), self._bounds.dead),
            ):
                if any(delivery.outcome in outcomes for delivery in deliveries):
                    for outcome in outcomes:
                        await _trim(connection, subscription_id, outcome, most)

        if rows:
            await self._database.run(unit)

    async def list(
        self,
        subscription_id: str,
        limit: int,
        after: tuple[datetime, int] | None = None,
        *,
        outcome: DeliveryOutcome | None = None,
    ) -> Sequence[SubscriptionDelivery]:
        """Returns at most `limit` deliveries, the one sent last first.

        Args:
            subscription_id: Whose.
            limit: How many at most.
            after: Time of the last attempt, and position, of the last one of the page before.
            outcome: Only with this outcome; None: all.
        """
        query = select(subscription_deliveries).where(_COLUMNS.subscription_id == subscription_id).limit(limit)
        if outcome is not None:
            query = query.where(_COLUMNS.outcome == outcome.value)
        if after is not None:
            moment, position = after
            tie = and_(_COLUMNS.last_at == moment, _COLUMNS.position < position)
            query = query.where(_COLUMNS.last_at <= moment, or_(_COLUMNS.last_at < moment, tie))
        query = _newest_first(query, of_one_outcome=outcome is not None)

        async def unit(connection: AsyncConnection) -> Sequence[SubscriptionDelivery]:
            return [_delivery(row) for row in await connection.execute(query)]

        return await self._database.read(unit)


def _newest_first(query: Select[Any], *, of_one_outcome: bool) -> Select[Any]:
    index = "ix_subscription_deliveries_outcome" if of_one_outcome else "ix_subscription_deliveries_last"
    return along(query, subscription_deliveries, index).order_by(_COLUMNS.last_at.desc(), _COLUMNS.position.desc())


async def _trim(connection: AsyncConnection, subscription_id: str, outcome: DeliveryOutcome, most: int) -> None:
    own = (_COLUMNS.subscription_id == subscription_id, _COLUMNS.outcome == outcome.value)
    beyond = _newest_first(select(_COLUMNS.last_at, _COLUMNS.position).where(*own), of_one_outcome=True)
    first = (await connection.execute(beyond.limit(1).offset(most))).first()
    if first is not None:
        older = and_(_COLUMNS.last_at == first.last_at, _COLUMNS.position <= first.position)
        await connection.execute(
            delete(subscription_deliveries).where(*own, or_(_COLUMNS.last_at < first.last_at, older))
        )


def _row(subscription_id: str, delivery: SubscriptionDelivery) -> dict[str, Any]:
    kind = delivery.kind
    return {
        "subscription_id": subscription_id,
        "position": delivery.position,
        "message_id": delivery.message_id,
        "camera_id": delivery.camera_id,
        # A server of the release before cannot read the kind of an alert.
        "kind": _kind_column(delivery),
        "alert": delivery.notice or (kind.value if kind in INSTEAD_OF else None),
        "happened_at": delivery.happened_at,
        "outcome": delivery.outcome.value,
        "status": delivery.status,
        "problem": delivery.problem[:DISPLAY_LENGTH],
        "attempts": delivery.attempts,
        "first_at": delivery.first_at,
        "last_at": delivery.last_at,
    }


def _kind_column(delivery: SubscriptionDelivery) -> str:
    if delivery.notice:
        # It would not read another word; whatever it shows, there is no camera.
        return SightingEventKind.REVISED.value
    kind = delivery.kind
    return "" if kind is None else INSTEAD_OF.get(kind, kind).value


def _delivery(row: Row[Any]) -> SubscriptionDelivery:
    notice = row.alert if (row.alert or "").startswith(_NOTICES) else ""
    return SubscriptionDelivery(
        position=row.position,
        message_id=row.message_id,
        camera_id=row.camera_id,
        # Of an alert that only a newer server knows, the event is known.
        kind=None if notice else _KINDS.get(row.alert or row.kind, _KINDS.get(row.kind)),
        happened_at=row.happened_at,
        outcome=DeliveryOutcome(row.outcome),
        status=row.status,
        problem=row.problem,
        attempts=row.attempts,
        first_at=row.first_at,
        last_at=row.last_at,
        notice=notice,
    )
