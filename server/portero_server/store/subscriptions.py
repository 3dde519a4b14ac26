"""Subscriptions to events: to whom what is sent. Their URLs and secrets are stored sealed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy import Row, Select, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.access.identities import Scope
from portero_server.domain.events.schedules import DeliverySchedule
from portero_server.domain.events.subscriptions import (
    MOST_SECRETS,
    SinkKind,
    Subscription,
    SubscriptionFilter,
    state_of,
)
from portero_server.errors import FailedPrecondition, InvalidInput, LimitReached, NotFound
from portero_server.store.attendance.notices import last_notice_position
from portero_server.store.database import Database
from portero_server.store.event_relays import new_relay
from portero_server.store.schema import (
    erased_records,
    event_relays,
    people,
    subscription_people,
    subscription_secrets,
    subscription_told,
    subscriptions,
)
from portero_server.store.sequencers import last_position
from portero_server.store.subscription_rows import (
    filter_columns,
    filter_of_row,
    schedule_columns,
    schedule_of_row,
    words_text,
)

_COLUMNS = subscriptions.c
_RELAYS = {kind: "subscriptions" if kind is SinkKind.WEBHOOK else kind.value for kind in SinkKind}
_RELAYS_BY_KIND = {kind.value: first for kind, first in _RELAYS.items()}


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it is stored: sealed, with when it stops signing; None: it does not."""

    secret_id: str
    sealed: bytes
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SealedSubscription:
    """A subscription with what is needed to send.

    Attributes:
        subscription: The subscription.
        url: Sealed.
        endpoint: Digest of the URL.
        secrets: Those that sign now, the newest first.
        revision: Grows with each change.
        problem: Why this server cannot send for it, such as a time zone that it lacks; empty: it can.
    """

    subscription: Subscription
    url: bytes
    endpoint: str
    secrets: tuple[SealedSecret, ...]
    revision: int = 1
    problem: str = ""

    @property
    def version(self) -> tuple[object, ...]:
        """What differs when anything has changed that matters for sending."""
        ids = tuple(secret.secret_id for secret in self.secrets)
        return (self.revision, ids, self.subscription.wanted.people)


class SubscriptionChanges(TypedDict, total=False):
    """What is changed of a subscription; what is missing stays."""

    display_name: str
    wanted: SubscriptionFilter
    concurrency: int
    schedule: DeliverySchedule | None


def relay_name(kind: SinkKind, subscription_id: str) -> str:
    """Returns the name of a subscription's row in `event_relays`.

    A server of a release that knows webhooks only finds no row of another kind under the name that it looks for. So it
    neither lists such a subscription nor sends to it.
    """
    return f"{_RELAYS[kind]}/{subscription_id}"


def notice_relay_name(subscription_id: str) -> str:
    """Returns the name in `event_relays` of how far a subscription is told of attendance."""
    return f"notices/{subscription_id}"


class SubscriptionStore:
    """Stores subscriptions, for all servers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, new: SealedSubscription, *, most: int) -> Subscription:
        """Adds a subscription, which is told of what happens from now on.

        Raises:
            InvalidInput: Somebody whom its filter names does not exist.
            LimitReached: There are `most` of them already.
        """
        made = new.subscription

        async def unit(connection: AsyncConnection) -> Subscription:
            count = (await connection.execute(select(func.count()).select_from(subscriptions))).scalar_one()
            if count >= most:
                raise LimitReached(
                    f"there are {most} subscriptions, as many as PORTERO_SUBSCRIPTION_LIMIT allows: delete one",
                    reason="TOO_MANY_SUBSCRIPTIONS",
                )
            await connection.execute(insert(subscriptions).values(_row(new)))
            await _put_people(connection, made.subscription_id, made.wanted.people)
            for one in new.secrets:
                await connection.execute(insert(subscription_secrets).values(_secret_row(made, one, made.created_at)))
            start = await last_position(connection, "events")
            relay = new_relay(relay_name(made.kind, made.subscription_id), start, new.endpoint)
            await connection.execute(insert(event_relays).values(relay))
            await _begin_notices(connection, made, new.endpoint)
            return await _one(connection, made.subscription_id, made.created_at)

        return await self._database.run(unit)

    async def get(self, subscription_id: str, now: datetime) -> Subscription:
        """Returns a subscription; which of its secrets sign is counted as of `now`.

        Raises:
            NotFound: It does not exist.
        """
        return await self._database.read(lambda connection: _one(connection, subscription_id, now))

    async def list(self, limit: int, now: datetime, after_id: str | None = None) -> Sequence[Subscription]:
        """Returns at most `limit` subscriptions by id, after an id."""
        query = _joined().order_by(_COLUMNS.subscription_id).limit(limit)
        if after_id is not None:
            query = query.where(_COLUMNS.subscription_id > after_id)

        async def unit(connection: AsyncConnection) -> Sequence[Subscription]:
            return [each.subscription for each in await _read(connection, query, now)]

        return await self._database.read(unit)

    async def sealed(self, now: datetime, subscription_id: str | None = None) -> Sequence[SealedSubscription]:
        """Returns every subscription, or one, by id, with what is needed to send; none if it does not exist."""
        query = _joined().order_by(_COLUMNS.subscription_id)
        if subscription_id is not None:
            query = query.where(_COLUMNS.subscription_id == subscription_id)
        return await self._database.read(lambda connection: _read(connection, query, now))

    async def update(self, subscription_id: str, changes: SubscriptionChanges, now: datetime) -> Subscription:
        """Changes a subscription and returns it as stored.

        Raises:
            NotFound: It does not exist.
            InvalidInput: Somebody whom its filter names does not exist.
        """
        values: dict[str, Any] = {"updated_at": now, "revision": _COLUMNS.revision + 1}
        values |= {name: value for name, value in changes.items() if name not in ("wanted", "schedule")}
        if "schedule" in changes:
            values |= schedule_columns(changes["schedule"])
        wanted = changes.get("wanted")
        if wanted is not None:
            values |= filter_columns(wanted)

        async def unit(connection: AsyncConnection) -> Subscription:
            rows = await _read(connection, _joined().where(_COLUMNS.subscription_id == subscription_id), now)
            if not rows:
                raise _unknown(subscription_id)
            before = rows[0].subscription
            await connection.execute(
                update(subscriptions).where(_COLUMNS.subscription_id == subscription_id).values(values)
            )
            if wanted is not None:
                if wanted.notices and not before.wanted.notices:
                    await _begin_notices(connection, before, rows[0].endpoint)
                own = subscription_people.c.subscription_id == subscription_id
                await connection.execute(delete(subscription_people).where(own))
                await _put_people(connection, subscription_id, wanted.people)
            return await _one(connection, subscription_id, now)

        return await self._database.run(unit)

    async def touch(self, subscription_id: str, *, afresh: bool = False) -> None:
        """Has every server begin anew with a subscription, without the pause that it may be in after failures.

        Args:
            subscription_id: Of the subscription.
            afresh: Whether those, too, are sent a message again who took it when others of its people did not.

        Raises:
            NotFound: It does not exist.
        """
        touched = update(subscriptions).where(_COLUMNS.subscription_id == subscription_id)
        touched = touched.values(revision=_COLUMNS.revision + 1)

        async def unit(connection: AsyncConnection) -> None:
            if not (await connection.execute(touched)).rowcount:
                raise _unknown(subscription_id)
            if afresh:
                own = subscription_told.c.subscription_id == subscription_id
                await connection.execute(delete(subscription_told).where(own))

        await self._database.run(unit)

    async def add_secret(
        self, subscription_id: str, secret: SealedSecret, now: datetime, overlap: timedelta
    ) -> Subscription:
        """Adds a secret that signs from now on; those before it sign for `overlap` more, at the longest.

        Raises:
            NotFound: The subscription does not exist.
            FailedPrecondition: Five secrets sign already.
        """
        own = subscription_secrets.c.subscription_id == subscription_id
        until = subscription_secrets.c.valid_until
        ends = now + overlap

        async def unit(connection: AsyncConnection) -> Subscription:
            # First, so that two rotations at once wait for each other.
            changed = update(subscriptions).where(_COLUMNS.subscription_id == subscription_id)
            changed = changed.values(updated_at=now, revision=_COLUMNS.revision + 1)
            if not (await connection.execute(changed)).rowcount:
                raise _unknown(subscription_id)
            limited = update(subscription_secrets).where(own, or_(until.is_(None), until > ends))
            await connection.execute(limited.values(valid_until=ends))
            await connection.execute(delete(subscription_secrets).where(own, until <= now))
            count = select(func.count()).select_from(subscription_secrets).where(own)
            if (await connection.execute(count)).scalar_one() >= MOST_SECRETS:
                raise FailedPrecondition(
                    f"{MOST_SECRETS} secrets sign already: wait until one of them ends, or rotate with keep_previous 0",
                    reason="TOO_MANY_SECRETS",
                )
            row = _secret_row(await _one(connection, subscription_id, now), secret, now)
            await connection.execute(insert(subscription_secrets).values(row))
            return await _one(connection, subscription_id, now)

        return await self._database.run(unit)

    async def delete(self, subscription_id: str, now: datetime) -> None:
        """Removes a subscription with all that is stored of it; a restored backup loses it again.

        Raises:
            NotFound: It does not exist.
        """

        async def unit(connection: AsyncConnection) -> None:
            gone = delete(subscriptions).where(_COLUMNS.subscription_id == subscription_id)
            if not (await connection.execute(gone)).rowcount:
                raise _unknown(subscription_id)
            names = [relay_name(kind, subscription_id) for kind in SinkKind]
            relay = event_relays.c.name.in_([*names, notice_relay_name(subscription_id)])
            await connection.execute(delete(event_relays).where(relay))
            record = {"record_id": subscription_id, "erasure_id": "", "erased_at": now}
            await connection.execute(insert(erased_records).values(record))

        await self._database.run(unit)


async def _begin_notices(connection: AsyncConnection, owner: Subscription, endpoint: str) -> None:
    """Has a subscription told of what is decided from now on, unless it is paused."""
    name = notice_relay_name(owner.subscription_id)
    relay = new_relay(name, await last_notice_position(connection), endpoint)
    await connection.execute(delete(event_relays).where(event_relays.c.name == name))
    await connection.execute(insert(event_relays).values(relay | {"stopped_reason": owner.state.stop}))


def _unknown(subscription_id: str) -> NotFound:
    return NotFound(f"subscriptions/{subscription_id}")


def _joined() -> Select[Any]:
    relays = event_relays.c
    names = case(_RELAYS_BY_KIND, value=_COLUMNS.kind, else_="") + "/" + _COLUMNS.subscription_id
    # Those of a newer server's kinds have no name here, and are left to it.
    return select(subscriptions, relays.position, relays.stopped_reason).join_from(
        subscriptions, event_relays, relays.name == names
    )


async def _one(connection: AsyncConnection, subscription_id: str, now: datetime) -> Subscription:
    found = await _read(connection, _joined().where(_COLUMNS.subscription_id == subscription_id), now)
    if not found:
        raise _unknown(subscription_id)
    return found[0].subscription


async def _read(connection: AsyncConnection, query: Select[Any], now: datetime) -> list[SealedSubscription]:
    rows = (await connection.execute(query)).all()
    ids = [row.subscription_id for row in rows]
    if not ids:
        return []
    named, keys = subscription_people.c, subscription_secrets.c
    limits = await connection.execute(select(subscription_people).where(named.subscription_id.in_(ids)))
    wanted: dict[str, set[str]] = {}
    for limit in limits:
        wanted.setdefault(limit.subscription_id, set()).add(limit.person_id)
    valid = or_(keys.valid_until.is_(None), keys.valid_until > now)
    signing = select(subscription_secrets).where(keys.subscription_id.in_(ids), valid)
    secrets: dict[str, list[SealedSecret]] = {}
    # The one that replaced the others has no end.
    for key in await connection.execute(signing.order_by(keys.valid_until.is_not(None), keys.created_at.desc())):
        secrets.setdefault(key.subscription_id, []).append(SealedSecret(key.secret_id, key.secret, key.valid_until))
    return [_sealed(row, wanted.get(row.subscription_id, ()), secrets.get(row.subscription_id, ())) for row in rows]


async def _put_people(connection: AsyncConnection, subscription_id: str, wanted: Iterable[str]) -> None:
    ids = sorted(wanted)
    if not ids:
        return
    # Locked until the commit: whoever is erased meanwhile waits, and takes the row away again.
    held = select(people.c.person_id).where(people.c.person_id.in_(ids)).with_for_update()
    known = set(await connection.scalars(held))
    if missing := [person_id for person_id in ids if person_id not in known]:
        field = "subscription.filter.people"
        raise InvalidInput(field, f"{field}: people/{missing[0]} does not exist", reason="UNKNOWN_PERSON")
    rows = [{"subscription_id": subscription_id, "person_id": person_id} for person_id in ids]
    await connection.execute(insert(subscription_people), rows)


def _row(new: SealedSubscription) -> dict[str, Any]:
    made = new.subscription
    columns = filter_columns(made.wanted) | schedule_columns(made.schedule)
    return columns | {
        "subscription_id": made.subscription_id,
        "display_name": made.display_name,
        "kind": made.kind.value,
        "origin": made.origin,
        "url": new.url,
        "endpoint": new.endpoint,
        "scope_everything": made.scope.everything,
        "scope_cameras": words_text(made.scope.cameras),
        "scope_sites": words_text(made.scope.sites),
        "concurrency": made.concurrency,
        "created_at": made.created_at,
        "created_by": made.created_by,
        "updated_at": made.updated_at,
        "revision": new.revision,
        "language": made.language or None,
    }


def _secret_row(owner: Subscription, secret: SealedSecret, now: datetime) -> dict[str, Any]:
    return {
        "secret_id": secret.secret_id,
        "subscription_id": owner.subscription_id,
        "secret": secret.sealed,
        "created_at": now,
        "valid_until": None,
    }


def _sealed(row: Row[Any], wanted: Collection[str], secrets: Sequence[SealedSecret]) -> SealedSubscription:
    ends = [secret.valid_until for secret in secrets if secret.valid_until is not None]
    scope = Scope(
        frozenset(json.loads(row.scope_cameras)), frozenset(json.loads(row.scope_sites)), bool(row.scope_everything)
    )
    schedule, problem = schedule_of_row(row)
    subscription = Subscription(
        subscription_id=row.subscription_id,
        display_name=row.display_name,
        kind=SinkKind(row.kind),
        origin=row.origin,
        wanted=filter_of_row(row, wanted),
        scope=scope,
        concurrency=row.concurrency,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        state=state_of(row.stopped_reason),
        position=row.position,
        secrets=len(secrets),
        overlap_until=max(ends, default=None),
        language=row.language or "",
        schedule=schedule,
    )
    return SealedSubscription(subscription, row.url, row.endpoint, tuple(secrets), row.revision, problem)
