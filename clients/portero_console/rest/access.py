"""Who the caller is, and how the server is."""

from __future__ import annotations

from fastapi import APIRouter

from portero_client import Caller, ServerHealth
from portero_console.parts import TheCaller

router = APIRouter(tags=["access"])


@router.get("/caller", response_model=Caller, summary="Returns who the key belongs to")
async def get_caller(caller: TheCaller) -> object:
    """Returns who the caller is to the server, and what it may do."""
    return await caller.client.keys.caller()


@router.get("/health", response_model=ServerHealth, summary="Returns how the server is")
async def get_health(caller: TheCaller) -> object:
    """Returns the health of the server."""
    return await caller.client.check_health()
