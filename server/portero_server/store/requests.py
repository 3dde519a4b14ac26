"""Ids of requests that were carried out, so that a repeated one changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.errors import reused_request_id
from portero_server.store.schema import requests

_REQUEST_LIFE = timedelta(days=1)


async def claim_request(
    connection: AsyncConnection, request_id: str, digest: str | None, resource: str, now: datetime
) -> str | None:
    """Returns the resource of the first request of this id, or None when this one is the first.

    Raises:
        InvalidInput: The first one asked for something else.
    """
    await connection.execute(delete(requests).where(requests.c.created_at < now - _REQUEST_LIFE))
    try:
        row = {"request_id": request_id, "resource": resource, "created_at": now, "digest": digest}
        await connection.execute(insert(requests).values(row))
    except IntegrityError:
        query = select(requests.c.resource, requests.c.digest).where(requests.c.request_id == request_id)
        first = (await connection.execute(query)).one()
        # An erased person's request, or an older server's, has no digest.
        if first.digest is not None and first.digest != digest:
            raise reused_request_id() from None
        found: str = first.resource
        return found
    return None
