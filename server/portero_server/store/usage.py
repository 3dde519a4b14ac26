"""The cost of recognition by the hour, and how budgets degraded the service.

Rows are sums that every server process adds to. If the outcome of a commit is unknown, the caller adds again: the
recorded cost may then be too high, but never too low.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.billing.budget import Step, StepChanged
from portero_server.domain.billing.usage import AvoidedKey, CallKey, CallTally, UsageDelta, hour_of
from portero_server.store.bulk.writing import insert_new, upsert
from portero_server.store.database import Database
from portero_server.store.schema import budget_steps, usage_avoided, usage_calls


class UsageStore:
    """Stores usage and the steps that budgets took."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, delta: UsageDelta, steps: Sequence[StepChanged] = ()) -> None:
        """Adds counts, and records budget steps; each step of a budget is stored once a day.

        Raises:
            StoreUnavailable: Nothing was stored, or (CommitUnknown) nobody knows.
        """
        calls = [_call_row(key, tally) for key, tally in delta.calls.items()]
        avoided = [_avoided_row(key, count) for key, count in delta.avoided.items()]
        audit = [_step_row(change) for change in steps]

        async def unit(connection: AsyncConnection) -> None:
            await upsert(connection, usage_calls, calls, adding=("calls", "microdollars"))
            await upsert(connection, usage_avoided, avoided, adding=("calls",))
            await insert_new(connection, budget_steps, audit)

        if calls or avoided or audit:
            await self._database.run(unit)

    async def calls(
        self, start: datetime, end: datetime | None = None, camera_id: str | None = None
    ) -> Sequence[tuple[CallKey, CallTally]]:
        """Returns the calls of the hours that start in [`start`, `end`), of one camera or of all."""
        return [
            (
                CallKey(row.hour, row.camera_id or None, row.engine, row.operation),
                CallTally(row.calls, row.microdollars),
            )
            for row in await self._read(usage_calls, start, end, camera_id)
        ]

    async def avoided(
        self, start: datetime, end: datetime | None = None, camera_id: str | None = None
    ) -> Sequence[tuple[AvoidedKey, int]]:
        """Returns the calls avoided in the hours that start in [`start`, `end`)."""
        return [
            (AvoidedKey(row.hour, row.camera_id or None, row.operation, row.reason), row.calls)
            for row in await self._read(usage_avoided, start, end, camera_id)
        ]

    async def steps(self, start: datetime) -> Sequence[StepChanged]:
        """Returns the recorded budget steps since a time, in order."""
        query = select(budget_steps).where(budget_steps.c.happened_at >= start)
        query = query.order_by(budget_steps.c.happened_at, budget_steps.c.scope, budget_steps.c.spent_microdollars)
        changes = [
            StepChanged(
                scope=row.scope,
                before=Step[row.step_before.upper()],
                after=Step[row.step.upper()],
                spent=row.spent_microdollars,
                limit=row.limit_microdollars,
                at=row.happened_at,
            )
            for row in await self._rows(query)
        ]
        # Several steps may be passed by one call, at one moment.
        return sorted(changes, key=lambda change: (change.at, change.scope, change.before))

    async def _read(self, table: Table, start: datetime, end: datetime | None, camera_id: str | None) -> Sequence[Any]:
        query = select(table).where(table.c.hour >= hour_of(start)).order_by(*table.primary_key)
        if end is not None:
            query = query.where(table.c.hour < end)
        if camera_id is not None:
            query = query.where(table.c.camera_id == camera_id)
        return await self._rows(query)

    async def _rows(self, query: Select[Any]) -> Sequence[Any]:
        async def unit(connection: AsyncConnection) -> Sequence[Any]:
            rows: Sequence[Any] = (await connection.execute(query)).all()
            return rows

        return await self._database.read(unit)


def _call_row(key: CallKey, tally: CallTally) -> dict[str, Any]:
    return {
        "hour": key.hour,
        "camera_id": key.camera_id or "",
        "engine": key.engine,
        "operation": key.operation,
        "calls": tally.calls,
        "microdollars": tally.microdollars,
    }


def _avoided_row(key: AvoidedKey, count: int) -> dict[str, Any]:
    return {
        "hour": key.hour,
        "camera_id": key.camera_id or "",
        "operation": key.operation,
        "reason": key.reason,
        "calls": count,
    }


def _step_row(change: StepChanged) -> dict[str, Any]:
    return {
        "day": change.at.replace(hour=0, minute=0, second=0, microsecond=0),
        "scope": change.scope,
        "step": change.after.word,
        "step_before": change.before.word,
        "spent_microdollars": change.spent,
        "limit_microdollars": change.limit,
        "happened_at": change.at,
    }
