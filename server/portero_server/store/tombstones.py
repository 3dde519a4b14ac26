"""Who was erased: nobody gets their id again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.privacy import subject_of
from portero_server.errors import FailedPrecondition
from portero_server.store.schema import erasures


async def refuse_erased(connection: AsyncConnection, person_id: str) -> None:
    """Makes sure that nobody of this id was erased, as part of the unit that takes the id.

    Raises:
        FailedPrecondition: Somebody was.
    """
    query = select(erasures.c.erasure_id).where(erasures.c.subject == subject_of(person_id)).with_for_update()
    if (await connection.execute(query)).first() is not None:
        raise FailedPrecondition(
            f"somebody of the id people/{person_id} was erased; choose another id", reason="PERSON_ERASED"
        )
