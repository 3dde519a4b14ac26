"""How a database answers what a store asks it: the statements, and the plan of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.database import Database

Statement = tuple[str, Any]


@asynccontextmanager
async def heard(
    database: Database, told: Callable[[Statement], None] = lambda _: None
) -> AsyncIterator[list[Statement]]:
    """Yields the SELECT statements that the database is asked meanwhile, with parameters; `told` gets each too."""
    ran: list[Statement] = []

    def hear(connection: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        if statement.startswith("SELECT"):
            ran.append((statement, parameters))
            told((statement, parameters))

    engines = {id(engine): engine.sync_engine for engine in (database._engines.reader, database._engines.writer)}
    for engine in engines.values():
        event.listen(engine, "before_cursor_execute", hear)
    try:
        yield ran
    finally:
        for engine in engines.values():
            event.remove(engine, "before_cursor_execute", hear)


async def plans_of(database: Database, question: Awaitable[object]) -> list[str]:
    """Returns the plan of each SELECT of a question, a line for each of its steps."""
    async with heard(database) as ran:
        await question
    explain = "EXPLAIN" if database.dialect == "mysql" else "EXPLAIN QUERY PLAN"

    async def unit(connection: AsyncConnection) -> list[str]:
        plans = []
        for statement, parameters in ran:
            rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plans.append("\n".join(str(dict(row)) for row in rows.mappings()))
        return plans

    return await database.read(unit)
