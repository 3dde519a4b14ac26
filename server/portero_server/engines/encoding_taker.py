"""Engines whose gallery is ours, and that take faces as encodings, without a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class EncodingTaker(Protocol):
    """An engine that can tell whether an encoding is one of its face model's."""

    def faults(self, encodings: Sequence[bytes]) -> Sequence[str]:
        """Returns for each encoding, float32 little-endian, why it cannot be of the model; empty: it may be."""
        ...
