"""Which fields an update changes."""

from __future__ import annotations

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from portero_server.errors import InvalidInput


def masked_fields(mask: FieldMask, resource: Message, allowed: Collection[str]) -> frozenset[str]:
    """Returns the names of the fields to change: those of the mask, or of an empty mask those that are set.

    Args:
        mask: From the request.
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
