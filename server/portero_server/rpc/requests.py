"""Parts of a request beside its fields: context, deadline and field mask."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from portero_server.clock import Clock
from portero_server.errors import InvalidInput

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
"""The call, as grpc.aio hands it to a servicer."""


@dataclass(slots=True)
class CallNotes:
    """What was found out about a call while it was served, for the interceptors around it.

    Attributes:
        identified: Called when its credential turns out to be valid, with the identity's subject; empty where
            everybody is the same one, because authentication is off.
        reason: Why it was refused, or empty.
    """

    identified: Callable[[str], None]
    reason: str = ""


CALL_NOTES: ContextVar[CallNotes | None] = ContextVar("call_notes", default=None)
"""Of the call that this task serves; None: nobody wants to know."""


def deadline_of(context: Context, clock: Clock) -> float | None:
    """Returns the monotonic seconds after which the client no longer waits, or None when it waits forever."""
    # The stubs say float; a call without a deadline gives None.
    remaining: float | None = context.time_remaining()
    return None if remaining is None else clock.monotonic() + remaining


def content_digest(method: str, request: Message) -> str:
    """Returns what tells the content of a request from another's. Its request id, which is part of it, salts it."""
    content = request.SerializeToString(deterministic=True)
    return hashlib.sha256(method.encode() + b"\0" + content).hexdigest()


def masked_fields(mask: FieldMask, resource: Message, allowed: Collection[str]) -> frozenset[str]:
    """Returns the names of the fields to change: those in the mask or, if the mask is empty, those that are set.

    Args:
        mask: Field mask of the request.
        resource: The message with the new values.
        allowed: Names of the fields that can be changed.

    Raises:
        InvalidInput: The mask names something else.
    """
    if not mask.paths:
        return frozenset(field.name for field, _ in resource.ListFields() if field.name in allowed)
    unknown = sorted(set(mask.paths).difference(allowed))
    if unknown:
        raise InvalidInput(
            "update_mask",
            f"update_mask may name {', '.join(sorted(allowed))}; it names {len(unknown)} other paths",
            reason="BAD_FIELD_MASK",
        )
    return frozenset(mask.paths)
