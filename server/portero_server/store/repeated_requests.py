"""Requests that callers may repeat: who did not hear the answer asks again, and gets what the first one made."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.errors import reused_request_id
from portero_server.store.schema import requests

_LIFE = timedelta(days=1)
"""After which a request id may be used for something else."""


async def claim_request(
    connection: AsyncConnection, request_id: str, digest: str | None, resource: str, now: datetime
) -> str | None:
    """Returns the resource that the first request of this id made, or None if this is the first one.

    Args:
        connection: In the transaction that makes the resource.
        request_id: The caller's.
        digest: What is asked for, hashed.
        resource: What this request makes if it is the first one.
        now: Time of the request.

    Raises:
        InvalidInput: The first request of this id asked for something else.
    """
    await connection.execute(delete(requests).where(requests.c.created_at < now - _LIFE))
    try:
        row = {"request_id": request_id, "resource": resource, "created_at": now, "digest": digest}
        await connection.execute(insert(requests).values(row))
    except IntegrityError:
        query = select(requests.c.resource, requests.c.digest).where(requests.c.request_id == request_id)
        first = (await connection.execute(query)).one()
        # An erased person's request, or an older server's, has no digest.
        if first.digest is not None and first.digest != digest:
            raise reused_request_id() from None
        made: str = first.resource
        return made
    return None
